"""The billing periods of a client, for choosing one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.usage.history.spans import Span
from billingportal.models import ClientUsage, UsagePeriod, UsageTotal

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
    """The current period, and then the earlier ones in which counters were used, the newest first. Three queries."""
    current = current_period(session, client_id, moment)
    starts, ends = UsageTotal.period_starts_at, func.max(UsageTotal.period_ends_at)
    rows = session.execute(
        select(starts, ends)
        .where(UsageTotal.client_id == client_id, starts < current.starts_at)
        .group_by(starts)
        .order_by(starts.desc())
        .limit(EARLIER)
    )
    return [current, *(ClientPeriod(starts_at, ends_at) for starts_at, ends_at in rows)]


def current_period(session: Session, client_id: int, moment: datetime) -> ClientPeriod:
    """The period that counters add up in now: the client's own, else the calendar month in UTC."""
    counting = select(ClientUsage.period_starts_at, ClientUsage.period_ends_at).where(
        ClientUsage.client_id == client_id,
        ClientUsage.period_starts_at <= moment,
        ClientUsage.period_ends_at > moment,
    )
    stored = select(UsagePeriod.starts_at, UsagePeriod.ends_at).where(
        UsagePeriod.client_id == client_id, UsagePeriod.starts_at <= moment, UsagePeriod.ends_at > moment
    )
    for wanted in (counting, stored):
        found = session.execute(wanted.limit(1)).first()
        if found is not None and found[0] is not None and found[1] is not None:
            return ClientPeriod(found[0], found[1])
    return calendar_month(moment)


def calendar_month(moment: datetime) -> ClientPeriod:
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    after = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return ClientPeriod(first, after)
