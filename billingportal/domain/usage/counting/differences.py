"""Where stored sums differ from the records: each question is one statement, so that what it compares is of one moment
and no report has to wait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, literal, or_, select, type_coerce

from billingportal.db import Database
from billingportal.domain.usage.counting.checks import LATEST
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, parameters
from billingportal.domain.usage.periods import Period, period_in
from billingportal.models import Resource, UsageDay, UsageRecord, UsageTotal

STRETCHES: Columns = (("resource_id", int), ("starts_at", datetime), ("ends_at", datetime))


@dataclass(frozen=True)
class WrongTotal:
    resource_id: int
    starts_at: datetime
    before: int
    after: int


@dataclass(frozen=True)
class WrongDay:
    """Of a gauge, `after` is the level of the record `record_id`, measured at `measured_at`."""

    resource_id: int
    workspace_id: int | None
    day: date
    before: int
    after: int
    measured_at: datetime | None = None
    record_id: int | None = None


def wrong_totals(
    database: Database, client_id: int, periods: Sequence[Period], since: datetime, until: datetime
) -> list[WrongTotal]:
    """Totals that are not the sum of their records, of periods that begin between two times."""
    stretches = list(periods_between(periods, since, until + LATEST))
    known = {one.starts_at for one in stretches}
    counters = [row.id for row in database.execute(COUNTERS)]
    asked = [(id_, one.starts_at, one.ends_at) for id_ in counters for one in stretches]
    for id_, starts_at in database.execute(TOTALS, {"client_id": client_id, "since": since}):
        if starts_at not in known:  # no such period: nothing counts in it
            asked.append((id_, starts_at, starts_at))
    if not asked:
        return []
    dialect = dialect_of(database)
    found = database.execute(
        totals_and_sums(dialect), {**parameters(STRETCHES, dialect, asked), "client_id": client_id}
    )
    return [WrongTotal(id_, at, used, int(counted)) for id_, at, used, counted in found if used != int(counted)]


def periods_between(rows: Sequence[Period], since: datetime, until: datetime) -> Iterator[Period]:
    """The periods that begin in `[since, until)`, and the one that is running at the end."""
    period = period_in(rows, since)
    while period.starts_at < until:
        if period.starts_at >= since or period.ends_at >= until:
            yield period
        period = period_in(rows, period.ends_at)


def wrong_days(database: Database, client_id: int, since: date) -> list[WrongDay]:
    """Days, from one on, that are not the sum of a counter's records or the last level of a gauge's."""
    given = {"client_id": client_id, "since": since, "since_time": datetime.combine(since, time(), UTC)}
    dialect = dialect_of(database)
    found = [
        WrongDay(resource_id, workspace_id, day, int(used), int(counted))
        for resource_id, workspace_id, day, used, counted in database.execute(days_and_sums(dialect), given)
    ]
    for resource_id, workspace_id, day, used, level, at, record_id in database.execute(days_and_levels(dialect), given):
        found.append(WrongDay(resource_id, workspace_id, day, used or 0, level, at, record_id))
    return found


def utc_day(dialect: str) -> ColumnElement[date]:
    """The UTC day of a record."""
    at = UsageRecord.at
    return type_coerce(func.date(func.timezone("UTC", at) if dialect == "postgresql" else at), Date())


COUNTERS = select(Resource.id).where(Resource.kind == "counter")
TOTALS = select(UsageTotal.resource_id, UsageTotal.period_starts_at).where(
    UsageTotal.client_id == bindparam("client_id"), UsageTotal.period_starts_at >= bindparam("since")
)
MINE = (UsageRecord.client_id == bindparam("client_id"), UsageRecord.taken_back_at.is_(None))


@cache
def totals_and_sums(dialect: str) -> Select[int, datetime, int, int]:
    given = given_rows(STRETCHES, dialect)
    stored = select(UsageTotal.used).where(
        UsageTotal.client_id == bindparam("client_id"),
        UsageTotal.resource_id == given.c.resource_id,
        UsageTotal.period_starts_at == given.c.starts_at,
    )
    counted = select(func.sum(UsageRecord.amount)).where(
        *MINE,
        UsageRecord.resource_id == given.c.resource_id,
        UsageRecord.at >= given.c.starts_at,
        UsageRecord.at < given.c.ends_at,
    )
    return select(
        given.c.resource_id,
        given.c.starts_at,
        func.coalesce(stored.scalar_subquery(), 0),
        func.coalesce(counted.scalar_subquery(), 0),
    )


@cache
def days_and_sums(dialect: str) -> Select[int, int | None, date, int, int]:
    counters = select(Resource.id).where(Resource.kind == "counter")
    stored = select(
        UsageDay.resource_id, UsageDay.workspace_id, UsageDay.day, UsageDay.used, literal(0).label("counted")
    ).where(
        UsageDay.client_id == bindparam("client_id"),
        UsageDay.day >= bindparam("since"),
        UsageDay.resource_id.in_(counters),
    )
    recorded = select(
        UsageRecord.resource_id, UsageRecord.workspace_id, utc_day(dialect), literal(0), UsageRecord.amount
    ).where(*MINE, UsageRecord.at >= bindparam("since_time"), UsageRecord.resource_id.in_(counters))
    both = stored.union_all(recorded).subquery()
    key = (both.c.resource_id, both.c.workspace_id, both.c.day)
    used, counted = func.sum(both.c.used), func.sum(both.c.counted)
    return select(*key, used, counted).group_by(*key).having(used != counted)


@cache
def days_and_levels(
    dialect: str,
) -> Select[int, int | None, date, int | None, int, datetime, int]:
    gauges = select(Resource.id).where(Resource.kind == "gauge")
    day = utc_day(dialect)
    newest_first = func.row_number().over(
        partition_by=(UsageRecord.resource_id, UsageRecord.workspace_id, day),
        order_by=(UsageRecord.at.desc(), UsageRecord.id.desc()),
    )
    ranked = (
        select(
            UsageRecord.resource_id,
            UsageRecord.workspace_id,
            day.label("day"),
            UsageRecord.amount,
            UsageRecord.at,
            UsageRecord.id,
            newest_first.label("place"),
        )
        .where(*MINE, UsageRecord.at >= bindparam("since_time"), UsageRecord.resource_id.in_(gauges))
        .subquery()
    )
    same = and_(
        UsageDay.client_id == bindparam("client_id"),
        UsageDay.resource_id == ranked.c.resource_id,
        UsageDay.workspace_id.is_not_distinct_from(ranked.c.workspace_id),
        UsageDay.day == ranked.c.day,
    )
    is_older = or_(
        UsageDay.measured_at < ranked.c.at,
        and_(UsageDay.measured_at == ranked.c.at, func.coalesce(UsageDay.record_id, ranked.c.id) < ranked.c.id),
    )
    is_wrong = or_(
        UsageDay.measured_at.is_(None),
        is_older,
        and_(UsageDay.record_id == ranked.c.id, UsageDay.used != ranked.c.amount),
    )
    return (
        select(
            ranked.c.resource_id,
            ranked.c.workspace_id,
            ranked.c.day,
            UsageDay.used,
            ranked.c.amount,
            ranked.c.at,
            ranked.c.id,
        )
        .select_from(ranked)
        .outerjoin(UsageDay, same)
        .where(ranked.c.place == 1, is_wrong)
    )
