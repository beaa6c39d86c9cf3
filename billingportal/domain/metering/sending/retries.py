"""When Stripe is asked again after it did not answer or asked to wait."""

from datetime import datetime, timedelta
from random import SystemRandom

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_OWN_PAUSE = timedelta(minutes=5)
CHANCE = SystemRandom()


def next_attempt(attempts: int, moment: datetime, asked_seconds: float | None) -> datetime:
    """Twice as late each time, between half and all of it at random, and never sooner than Stripe asks."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(attempts - 1, 10)
    pause = min(doubled, LONGEST_OWN_PAUSE) * CHANCE.uniform(0.5, 1)
    return moment + min(max(pause, timedelta(seconds=asked_seconds or 0)), LONGEST_PAUSE)
