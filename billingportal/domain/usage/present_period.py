"""Turns a client's counters to the present period."""

from dataclasses import dataclass
from datetime import datetime

from billingportal.clock import now
from billingportal.db import Database, UtcDateTime
from billingportal.domain.common.plain_sql import is_done, plain_sql
from billingportal.domain.usage.months import month_of

LAST_PERIOD = plain_sql(
    """
    SELECT starts_at, ends_at FROM usage_period WHERE client_id = :client_id AND starts_at <= :moment
    ORDER BY starts_at DESC LIMIT 1
    """,
    "moment",
).columns(starts_at=UtcDateTime(), ends_at=UtcDateTime())
# Locks the row, so that the next statement sees the totals of every transaction that had it before.
BEGIN_PERIOD = plain_sql(
    """
    UPDATE client_usage SET period_starts_at = :starts_at, period_ends_at = :ends_at
    WHERE client_id = :client_id AND resource_id = :resource_id
    AND (period_ends_at IS NULL OR period_ends_at <= :moment)
    RETURNING id
    """,
    "starts_at",
    "ends_at",
    "moment",
)
COUNT_PERIOD = plain_sql(
    """
    UPDATE client_usage SET revision = revision + CASE WHEN client_usage.used = total.used THEN 0 ELSE 1 END,
      changed_at = :now, used = total.used
    FROM (
      SELECT COALESCE(SUM(used), 0) AS used FROM usage_total
      WHERE client_id = :client_id AND resource_id = :resource_id AND period_starts_at = :starts_at
    ) AS total
    WHERE client_usage.client_id = :client_id AND client_usage.resource_id = :resource_id
    """,
    "now",
    "starts_at",
)


@dataclass(frozen=True)
class Period:
    """`[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime


def period_at(database: Database, client_id: int, at: datetime) -> Period:
    """The period of a client's counters at a time."""
    row = database.execute(LAST_PERIOD, {"client_id": client_id, "moment": at}).first()
    if row is not None and at < row.ends_at:
        return Period(row.starts_at, row.ends_at)
    return Period(*month_of(at))


def begin_period(database: Database, client_id: int, resource_id: int, moment: datetime) -> bool:
    """Count in the present period, if the row of `client_usage` has an earlier one; whether it had."""
    period = period_at(database, client_id, moment)
    key = {"client_id": client_id, "resource_id": resource_id, "starts_at": period.starts_at}
    if not is_done(database, BEGIN_PERIOD, {**key, "ends_at": period.ends_at, "moment": moment}):
        return False
    database.execute(COUNT_PERIOD, {**key, "now": now()})
    return True
