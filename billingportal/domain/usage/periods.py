"""The periods in which a client's counters add up: those of its subscription, else calendar months in UTC.

Stored rows are what Stripe told. Every other time follows from them:
- After the last row of a subscription, the next period of the same length follows on, until Stripe tells it.
- Elsewhere it is the calendar month, cut where a stored period begins or ends.
"""

from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from billingportal.db import Database
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, parameters
from billingportal.models import UsagePeriod
from billingportal.models.usage.usage_period import PeriodSource

CLIENTS: Columns = (("client_id", int),)


@dataclass(frozen=True, order=True)
class Period:
    """`[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime
    source: PeriodSource


def period_at(database: Database, client_id: int, at: datetime) -> Period:
    """The period of a client in which this time lies."""
    return period_in(stored_periods(database, [client_id], at)[client_id], at)


def stored_periods(database: Database, client_ids: Iterable[int], since: datetime) -> Mapping[int, list[Period]]:
    """By client, the stored periods that decide about times from `since` on, in their order, by one statement."""
    dialect = dialect_of(database)
    given = parameters(CLIENTS, dialect, [(client_id,) for client_id in client_ids])
    found: dict[int, list[Period]] = defaultdict(list)
    rows = database.execute(periods_since(dialect), {**given, "since": month_of(since).starts_at})
    for client_id, starts_at, ends_at, source in rows:
        found[client_id].append(Period(starts_at, ends_at, source))
    return found


@cache
def periods_since(dialect: str) -> Select[int, datetime, datetime, PeriodSource]:
    other = aliased(UsagePeriod)
    last = select(func.max(other.starts_at)).where(other.client_id == UsagePeriod.client_id).scalar_subquery()
    return (
        select(UsagePeriod.client_id, UsagePeriod.starts_at, UsagePeriod.ends_at, UsagePeriod.source)
        .where(
            UsagePeriod.client_id.in_(select(given_rows(CLIENTS, dialect).c.client_id)),
            or_(UsagePeriod.ends_at > bindparam("since"), UsagePeriod.starts_at == last),
        )
        .order_by(UsagePeriod.client_id, UsagePeriod.starts_at)
    )


def period_in(rows: Sequence[Period], at: datetime) -> Period:
    """The period in which a time lies, by the client's stored periods in their order. Pure."""
    place = bisect_right(rows, at, key=lambda row: row.starts_at)
    before = rows[place - 1] if place else None
    after = rows[place] if place < len(rows) else None
    if before is not None and at < before.ends_at:
        return before
    if before is not None and after is None and before.source == "subscription":
        return following(before, at)
    month = month_of(at)
    starts_at = max(month.starts_at, before.ends_at) if before else month.starts_at
    ends_at = min(month.ends_at, after.starts_at) if after else month.ends_at
    return Period(starts_at, ends_at, "calendar")


def following(period: Period, at: datetime) -> Period:
    """The period of the same length that follows on and in which a later time lies."""
    number, months = 1, whole_months(period)
    if not months:
        length = period.ends_at - period.starts_at
        starts_at = period.ends_at + (at - period.ends_at) // length * length
        return Period(starts_at, starts_at + length, period.source)
    day = max(period.starts_at.day, period.ends_at.day)
    while (ends_at := moved(period.ends_at, number * months, day)) <= at:
        number += 1
    return Period(moved(period.ends_at, (number - 1) * months, day), ends_at, period.source)


def whole_months(period: Period) -> int:
    """How many months the period has by its billing anchor; 0 when it is no whole number of months."""
    starts_at, ends_at = period.starts_at, period.ends_at
    months = (ends_at.year - starts_at.year) * 12 + ends_at.month - starts_at.month
    day = max(starts_at.day, ends_at.day)
    is_whole = months > 0 and moved(starts_at, 0, day) == starts_at and moved(starts_at, months, day) == ends_at
    return months if is_whole else 0


def moved(at: datetime, months: int, day: int) -> datetime:
    """The time so many months later, on this day of the month or the month's last."""
    index = at.year * 12 + at.month - 1 + months
    year, month = divmod(index, 12)
    return at.replace(year=year, month=month + 1, day=min(day, monthrange(year, month + 1)[1]))


def month_of(at: datetime) -> Period:
    """The calendar month in UTC."""
    return calendar_month((day := at.astimezone(UTC)).year, day.month)


@lru_cache(maxsize=100)
def calendar_month(year: int, month: int) -> Period:
    starts_at = datetime(year, month, 1, tzinfo=UTC)
    return Period(starts_at, moved(starts_at, 1, 1), "calendar")
