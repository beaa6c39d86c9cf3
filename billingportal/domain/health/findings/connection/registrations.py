"""The two addresses that are registered at Stripe: missing, repaired, doubled, or with messages signed wrongly."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.domain.common.plurals import counted
from billingportal.domain.connection.preflight import MOST_ENDPOINTS, Code
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.connection.account import (
    ask_again,
    confirmed,
    lines_of,
    refuse_dead_key,
    subject,
)
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.models.connection.registered_address import RegisteredAddress, Wrong

# A repair is shown for this long, so that somebody can ask who changed it.
REPAIR_SHOWN_FOR = timedelta(minutes=30)
# Messages with a wrong signature are shown until there was none for an hour.
SIGNATURES_SHOWN_FOR = timedelta(hours=1)
SEE = Action("See the connection", "page", "processor")
WRONG_WORDS: dict[Wrong, str] = {
    "missing": "was gone from Stripe",
    "disabled": "was switched off at Stripe",
    "moved": "led to another address",
    "events": "had the wrong events",
    "version": "spoke another API version",
    "signature": "had lost its signing secret",
    "duplicate": "was registered twice",
}


@dataclass(frozen=True)
class Kind:
    """`stake`: what it means that no message comes. `fallback`: what the portal does instead.

    Thin events, which an event destination gets, have no API version.
    """

    prefix: str
    noun: str
    duplicate: Code
    stake: str
    fallback: str
    has_version: bool

    def key(self, wrong: str) -> str:
        return f"{self.prefix}.{wrong}"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.key(wrong) for wrong in WRONG_WORDS if wrong != "version" or self.has_version)


WEBHOOK = Kind(
    "webhook",
    "The webhook",
    "webhook_duplicate",
    "Until then plans change minutes after a payment instead of at once.",
    "What was missed meanwhile is read from Stripe’s list, so no payment is lost.",
    has_version=True,
)
DESTINATION = Kind(
    "destination",
    "The event destination for usage errors",
    "destination_duplicate",
    "Until then usage that Stripe rejects is found a minute later.",
    "The reports are read from Stripe’s list meanwhile, so none is lost.",
    has_version=False,
)


def check_registrations(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck when Stripe was not asked lately, or the key does not work."""
    with surroundings.reading() as session:
        seen = confirmed(session, mode)
        if seen is None:
            return Result((), now())
        refuse_dead_key(seen.account)
        return Result(tuple(found_in(session, seen.account, surroundings.settings)), seen.as_of)


def found_in(session: Session, account: ProcessorAccount, settings: Settings) -> list[Found]:
    pairs = ((WEBHOOK, account.endpoint), (DESTINATION, account.destination))
    found = [one for kind, row in pairs for one in of_registration(kind, account, row, settings)]
    full = lines_of(account, "full")
    if full:
        title = f"All {MOST_ENDPOINTS} webhook endpoints are in use at Stripe"
        meaning = "Ours is among them and works. If it is ever deleted, there is no room for a new one."
        found.append(Found("webhook.full", title, meaning, SEE, subject(account), account.mode))
    return found


def of_registration(
    kind: Kind, account: ProcessorAccount, row: RegisteredAddress | None, settings: Settings
) -> list[Found]:
    found = repaired(kind, account, row) if row is not None else []
    keys = {one.key for one in found}
    if is_missing(row, account.mode, settings) and kind.key("missing") not in keys:
        found.append(missing(kind, account, row))
    doubles = lines_of(account, kind.duplicate)
    if doubles and kind.key("duplicate") not in keys:
        found.append(doubled(kind, account, doubles))
    if row is not None and has_bad_signatures(row) and kind.key("signature") not in keys:
        found.append(badly_signed(kind, account, row))
    return found


def is_missing(row: RegisteredAddress | None, mode: Mode, settings: Settings) -> bool:
    """Test mode may run where Stripe can't reach it, as on a laptop: then everything is read from Stripe instead."""
    if row is not None and row.stripe_id is not None and row.problem is None:
        return False
    return settings.is_reachable_by_stripe or mode == "live"


def missing(kind: Kind, account: ProcessorAccount, row: RegisteredAddress | None) -> Found:
    why = row.problem if row is not None and row.problem else "Stripe can’t reach the portal’s address."
    meaning = f"{why} {kind.stake} {kind.fallback}"
    action = ask_again(account, "Register it again")
    return Found(kind.key("missing"), f"{kind.noun} is not registered", meaning, action, subject(account), account.mode)


def repaired(kind: Kind, account: ProcessorAccount, row: RegisteredAddress) -> list[Found]:
    """What was wrong at Stripe lately. The portal has repaired it; a person finds out who changes it."""
    moment, found = now(), []
    for wrong, words in WRONG_WORDS.items():
        last = row.last_repair(wrong)
        if last is None or not moment - REPAIR_SHOWN_FOR < last[0] <= moment:
            continue
        at, times = last
        often = f" That was {counted(times, 'times')} within a day." if times > 1 else ""
        meaning = f"The portal repaired it at {at:%H:%M} UTC.{often} {kind.fallback} Find out who changes it at Stripe."
        found.append(Found(kind.key(wrong), f"{kind.noun} {words}", meaning, SEE, subject(account), account.mode))
    return found


def doubled(kind: Kind, account: ProcessorAccount, lines: list[dict[str, str]]) -> Found:
    meaning = f"{lines[0]['detail']} Messages for it are refused, since the portal has no secret for it."
    title = "Another address at Stripe leads to this portal"
    return Found(kind.key("duplicate"), title, meaning, SEE, subject(account), account.mode)


def has_bad_signatures(row: RegisteredAddress) -> bool:
    failed_at = row.signature_failed_at
    return failed_at is not None and failed_at > now() - SIGNATURES_SHOWN_FOR


def badly_signed(kind: Kind, account: ProcessorAccount, row: RegisteredAddress) -> Found:
    title = f"{kind.noun} got {counted(row.signature_failures, 'messages')} with a wrong signature"
    meaning = (
        "Each was refused. Either the signing secret was rolled at Stripe, or somebody else posts to our address. "
        f"{kind.fallback}"
    )
    return Found(kind.key("signature"), title, meaning, SEE, subject(account), account.mode)


CHECKS = tuple(
    Check(
        f"registrations.{mode}",
        "Webhook and event destination are registered, with the right events and version",
        "connection",
        (*WEBHOOK.keys, *DESTINATION.keys, "webhook.full"),
        60,
        partial(check_registrations, mode=mode),
        mode,
    )
    for mode in MODES
)
