"""The dunning steps of a client, by the days since its payment first failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billingportal.models import LadderSettings
from billingportal.models.entitlements.entitlement import Access, LadderStep


@dataclass(frozen=True)
class Ladder:
    """Days since the payment first failed. None: that step is never taken."""

    warn_after_days: int = 3
    limit_after_days: int | None = 7
    suspend_after_days: int | None = 14


DEFAULT = Ladder()
ACCESS: dict[LadderStep, Access] = {
    "none": "full",
    "grace": "full",
    "warned": "full",
    "limited": "limited",
    "suspended": "suspended",
}


@dataclass(frozen=True)
class Rung:
    """A client's dunning step. `ends_at` is when the next step is taken, `restricts_at` when the next one that takes
    something away is. None: never.
    """

    step: LadderStep
    ends_at: datetime | None
    restricts_at: datetime | None = None

    @property
    def access(self) -> Access:
        return ACCESS[self.step]


SOUND = Rung("none", None)


def current(session: Session) -> Ladder:
    """The ladder that the partner set, or the default."""
    row = session.get(LadderSettings, 1)
    if row is None:
        return DEFAULT
    return Ladder(row.warn_after_days, row.limit_after_days, row.suspend_after_days)


def steps(ladder: Ladder, failing_since: datetime) -> list[tuple[LadderStep, datetime]]:
    """Every step that is taken with its time, in order."""
    days: list[tuple[LadderStep, int | None]] = [
        ("grace", 0),
        ("warned", ladder.warn_after_days),
        ("limited", ladder.limit_after_days),
        ("suspended", ladder.suspend_after_days),
    ]
    return [(step, failing_since + timedelta(days=after)) for step, after in days if after is not None]


def rung(ladder: Ladder, failing_since: datetime | None, moment: datetime) -> Rung:
    """The step at a moment, for a payment that fails since `failing_since`. Steps of the same day count as the last."""
    if failing_since is None:
        return SOUND
    # The event about a test clock's time may come after that about the payment.
    moment = max(moment, failing_since)
    taken = steps(ladder, failing_since)
    step: LadderStep = "grace"
    for name, starts_at in taken:
        if starts_at <= moment:
            step = name
    following = [(name, starts_at) for name, starts_at in taken if starts_at > moment]
    return Rung(
        step,
        min((starts_at for _, starts_at in following), default=None),
        min((starts_at for name, starts_at in following if ACCESS[name] != "full"), default=None),
    )
