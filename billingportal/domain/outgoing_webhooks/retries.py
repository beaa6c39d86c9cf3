"""When a failed message is tried again, and when it is set aside."""

from datetime import datetime, timedelta
from random import SystemRandom

from sqlalchemy import ColumnElement

from billingportal.domain.common.due_times import is_due
from billingportal.models import OutgoingDelivery

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
# A pause is longer by up to this part, so that messages that failed together do not return together.
JITTER = 0.1
LONGEST_PAUSE = PAUSES[-1] * (1 + JITTER)
# An address that took nothing for this long is switched off.
PATIENCE = timedelta(days=3)
CHANCE = SystemRandom()


def next_attempt(attempts: int, moment: datetime) -> datetime | None:
    """When to try again after so many failed attempts; None: never."""
    if attempts > len(PAUSES):
        return None
    return moment + PAUSES[attempts - 1] * (1 + CHANCE.uniform(0, JITTER))


def is_due_now(moment: datetime) -> ColumnElement[bool]:
    """SQL condition: the delivery's time has come, also after the clock was set back."""
    return is_due(OutgoingDelivery.next_attempt_at, moment, LONGEST_PAUSE)
