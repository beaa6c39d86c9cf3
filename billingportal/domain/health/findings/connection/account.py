"""A connected account as its last check at Stripe left it."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.connection.maintenance import CHECK_EVERY
from billingportal.domain.connection.preflight import Code
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.health.findings.check import CannotCheck
from billingportal.domain.health.findings.finding import Action
from billingportal.domain.subscriptions.status import ENDED_STATUSES
from billingportal.models import ProcessorAccount, Subscription
from billingportal.models.connection.processor_account import Mode

# A check that is this late says nothing about now.
OLDEST = 3 * CHECK_EVERY


@dataclass(frozen=True)
class Confirmed:
    """The account with the moment at which Stripe was last asked about it."""

    account: ProcessorAccount
    as_of: datetime


def confirmed(session: Session, mode: Mode) -> Confirmed | None:
    """The connected account, or None. Raises CannotCheck when its last check failed or is too old."""
    account = connected(session, mode)
    if account is None:
        return None
    if account.checked_at is None:
        raise CannotCheck("The account has not been checked yet.")
    if account.check_problem:
        raise CannotCheck(account.check_problem)
    if account.checked_at < now() - OLDEST:
        raise CannotCheck(f"Stripe was last asked about this account at {account.checked_at:%H:%M} UTC.")
    return Confirmed(account, account.checked_at)


def refuse_dead_key(account: ProcessorAccount) -> None:
    """Raises CannotCheck while the key does not work: then Stripe was not asked about anything else."""
    if account.key_state != "working":
        raise CannotCheck("Stripe cannot be asked: the secret key does not work.")


def count_subscriptions(session: Session, account: ProcessorAccount) -> int:
    """The account's subscriptions that have not ended."""
    mine = select(func.count()).select_from(Subscription).where(Subscription.processor_account_id == account.id)
    return session.scalar(mine.where(Subscription.status.not_in(ENDED_STATUSES))) or 0


def lines_of(account: ProcessorAccount, code: Code) -> list[dict[str, str]]:
    """The lines of the account's preflight with this code."""
    lines = cast(list[dict[str, str]], account.preflight)
    return [line for line in lines if line.get("code") == code]


def subject(account: ProcessorAccount) -> str:
    """What a finding about an account is about."""
    return f"account:{account.id}"


def ask_again(account: ProcessorAccount, label: str) -> Action:
    """Have the worker ask Stripe again, and repair what it can."""
    return Action(label, "repair", "connection.check", {"account_id": account.id})
