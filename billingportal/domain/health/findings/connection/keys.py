"""The secret key: whether Stripe takes it, and whether it has all rights."""

from functools import partial
from typing import Literal

from billingportal.clock import now
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.connection.account import confirmed, count_subscriptions, lines_of, subject
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import MODES, Mode

KEYS = ("key.revoked", "key.expired", "key.unreadable", "key.rights_missing")
KEY_OF_STATE: dict[Literal["expired", "rejected", "unreadable"], str] = {
    "expired": "key.expired",
    "rejected": "key.revoked",
    "unreadable": "key.unreadable",
}
TITLES = {
    "key.revoked": "Stripe no longer accepts the secret key",
    "key.expired": "The secret key has expired",
    "key.unreadable": "The stored secret key can’t be opened",
}
PASTE = Action("Paste a new key", "page", "processor.key")


def check_key(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck when the last check of the account failed or is too old."""
    with surroundings.reading() as session:
        found = confirmed(session, mode)
        if found is None:
            return Result((), now())
        subscriptions = count_subscriptions(session, found.account)
        return Result(tuple(of_account(found.account, subscriptions)), found.as_of)


def of_account(account: ProcessorAccount, subscriptions: int) -> list[Found]:
    if account.key_state != "working":
        return [dead(account, KEY_OF_STATE[account.key_state], subscriptions)]
    rights = [line["words"] for line in lines_of(account, "right_missing")]
    return [missing(account, rights)] if rights else []


def dead(account: ProcessorAccount, key: str, subscriptions: int) -> Found:
    stake = (
        f"Subscriptions that go on at Stripe: {subscriptions:,}. Nothing new can be sold, and no usage can be billed."
    )
    meaning = f"{account.key_problem or ''} {stake}"
    return Found(key, TITLES[key], meaning.strip(), PASTE, subject(account), account.mode)


def missing(account: ProcessorAccount, words: list[str]) -> Found:
    named = ", ".join(one.removeprefix("Right missing: ") for one in words)
    title = f"The secret key lacks {counted(len(words), 'rights')}"
    meaning = f"{named}. What they protect can’t be read or written, so plans and quotas may be out of date."
    action = Action("See what is missing", "page", "processor")
    return Found("key.rights_missing", title, meaning, action, subject(account), account.mode)


CHECKS = tuple(
    Check(
        f"key.{mode}",
        "The secret key works and has all rights",
        "connection",
        KEYS,
        60,
        partial(check_key, mode=mode),
        mode,
    )
    for mode in MODES
)
