"""Findings about a key and its account, line by line, as the page shows them."""

from dataclasses import asdict, dataclass
from typing import Literal, cast

from billingportal.models import ProcessorAccount
from billingportal.plain_json import Json
from billingportal.stripe_gateway.objects.connection import AccountCopy, AddressCopy, WebhookEndpointCopy
from billingportal.stripe_gateway.permissions import Right

MOST_ENDPOINTS = 16
Code = Literal["", "right_missing", "full", "webhook_duplicate", "destination_duplicate"]
GRANT = "Grant it in Stripe: Developers, API keys, the key's menu, Edit key."


@dataclass(frozen=True)
class Line:
    """`kind` is the status shown before the words; `detail` says what it means or what to do.

    `code` names a line that a finding comes from.
    """

    kind: Literal["ok", "warn", "bad", "info"]
    words: str
    detail: str = ""
    code: Code = ""

    def as_json(self) -> Json:
        return cast(Json, asdict(self))


def lines(
    row: ProcessorAccount,
    account: AccountCopy,
    missing: list[Right],
    endpoints_used: int | None,
    others_here: list[AddressCopy],
) -> list[Line]:
    """The preflight. `endpoints_used` is None when the key may not list them."""
    found = [
        Line("ok", "Key is valid", "Stripe accepts it."),
        mode_line(account),
        identity_line(account),
        charges_line(account),
    ]
    if row.key_prefix is not None and row.key_prefix.startswith("rk_"):
        found += right_lines(missing)
    if endpoints_used is not None:
        found.append(endpoints_line(endpoints_used))
    found += [other_line(endpoint) for endpoint in others_here]
    return found


def mode_line(account: AccountCopy) -> Line:
    if account.livemode:
        return Line("ok", "Live mode", "Charges move real money.")
    return Line("ok", "Test mode", "No real money moves.")


def identity_line(account: AccountCopy) -> Line:
    if account.name or account.country:
        return Line("ok", "Account can be read", "Name, country and currency are known.")
    return Line("info", "Account cannot be read with this restricted key", "That is fine: nothing else depends on it.")


def charges_line(account: AccountCopy) -> Line:
    if account.charges_enabled is None:
        return Line("info", "Charges unknown", "This key may not read whether the account can charge.")
    if account.charges_enabled:
        return Line("ok", "Charges are enabled", "The account can take payments.")
    return Line("warn", "Charges are not enabled yet", "Complete the business details in Stripe before you go live.")


def right_lines(missing: list[Right]) -> list[Line]:
    if not missing:
        return [Line("ok", "Restricted key has all rights", "Everything the portal reads may be read.")]
    return [Line("bad", f"Right missing: {right.name}, {right.level}", GRANT, "right_missing") for right in missing]


def endpoints_line(used: int) -> Line:
    words = f"{used} of {MOST_ENDPOINTS} webhook endpoints used"
    if used >= MOST_ENDPOINTS:
        return Line("warn", words, "No place is left for another one in this mode.", "full")
    return Line("ok", words, "Stripe allows 16 an account and mode.")


def other_line(endpoint: AddressCopy) -> Line:
    return Line(
        "warn",
        "Another endpoint points at this address",
        f"{endpoint.url} ({endpoint.stripe_id}) is not ours. Delete it in Stripe if nothing needs it.",
        "webhook_duplicate" if isinstance(endpoint, WebhookEndpointCopy) else "destination_duplicate",
    )
