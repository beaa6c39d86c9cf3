"""The billing periods of a client, for choosing one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.usage.history.spans import Span
from billingportal.domain.usage.periods import period_at
from billingportal.models import UsageTotal

# How many earlier periods are offered.
EARLIER = 12
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class ClientPeriod:
    """`[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime

    @property
    def first(self) -> date:
        return self.starts_at.date()

    @property
    def ends_on(self) -> date:
        return self.ends_at.date()

    def span(self, today: date) -> Span:
        """Its days, up to today."""
        return Span(self.first, max(self.first, min((self.ends_at - TICK).date(), today)))


def periods_of(session: Session, client_id: int, moment: datetime) -> list[ClientPeriod]:
    """The current period, and then the earlier ones in which counters were used, the newest first. Two queries."""
    now_running = period_at(session, client_id, moment)
    current = ClientPeriod(now_running.starts_at, now_running.ends_at)
    starts, ends = UsageTotal.period_starts_at, func.max(UsageTotal.period_ends_at)
    rows = session.execute(
        select(starts, ends)
        .where(UsageTotal.client_id == client_id, starts < current.starts_at)
        .group_by(starts)
        .order_by(starts.desc())
        .limit(EARLIER)
    )
    return [current, *(ClientPeriod(starts_at, ends_at) for starts_at, ends_at in rows)]
