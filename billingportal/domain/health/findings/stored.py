"""A connected account as its stored rows stand: as of the moment up to which Stripe's events are applied."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.health.findings.check import CannotCheck
from billingportal.domain.sync.cursor import completeness
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import Mode

# Findings of one key at most. With more of them the page says no more, and the first ones are mended first.
MOST = 200


@dataclass(frozen=True)
class Stored:
    """The account, and up to when its rows reflect all that happened at Stripe."""

    account: ProcessorAccount
    as_of: datetime


def stored(session: Session, mode: Mode) -> Stored | None:
    """The connected account, or None. Raises CannotCheck while it has not been read from Stripe once."""
    account = connected(session, mode)
    if account is None:
        return None
    complete_up_to = completeness(session, account.catch_up).up_to if account.catch_up else None
    if complete_up_to is None:
        raise CannotCheck("The account has not been read from Stripe completely yet.")
    return Stored(account, complete_up_to)
