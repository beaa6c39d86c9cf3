"""The partner's own ceiling on a resource over all clients of a mode: what is used and reserved of it.

A resource without a row has no pool, and nothing is locked for it. Rows are locked by resource id, after every row of
`client_usage`. A counter's pool counts the use of one calendar month in UTC, by the time at which it was used.
"""

from collections.abc import Mapping
from datetime import datetime

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.plain_sql import is_done
from billingportal.domain.usage import pool_sql
from billingportal.domain.usage.periods import month_of
from billingportal.models.connection.processor_account import Mode


def add(database: Database, mode: Mode, amounts: Mapping[int, int], at: datetime) -> None:
    """Add use by resource id, of this time. A counter's use is in `usage_day` already. Locks until the commit."""
    ends = month_ends(database, mode)
    for resource_id in sorted(amounts.keys() & ends.keys()):
        is_counted = is_over(ends[resource_id]) and begin_month(database, mode, resource_id)
        if not is_counted:
            change(database, mode, resource_id, used=amounts[resource_id], at=at)


def month_ends(database: Database, mode: Mode) -> dict[int, datetime | None]:
    """The end of the month that each pool counts, by resource id; None for gauges."""
    return {row.resource_id: row.period_ends_at for row in database.execute(pool_sql.MONTH_ENDS, {"mode": mode})}


def is_over(ends_at: datetime | None) -> bool:
    return ends_at is not None and ends_at <= now()


def change(database: Database, mode: Mode, resource_id: int, *, at: datetime, used: int = 0, reserved: int = 0) -> None:
    """Add units to a pool, if there is one; below 0 takes away. Use outside the pool's month is left out."""
    values = {"mode": mode, "resource_id": resource_id, "used": used, "reserved": reserved, "at": at}
    database.execute(pool_sql.CHANGE, values)


def reserve(database: Database, mode: Mode, resource_id: int, amount: int) -> bool:
    """Reserve units if the pool has them; whether it had."""
    values = {"mode": mode, "resource_id": resource_id, "amount": amount}
    return is_done(database, pool_sql.TAKE, values)


def is_exceeded(database: Database, mode: Mode, resource_id: int) -> bool:
    """Whether more is used and reserved than the pool has."""
    return is_done(database, pool_sql.EXCEEDED, {"mode": mode, "resource_id": resource_id})


def begin_month(database: Database, mode: Mode, resource_id: int) -> bool:
    """Begin the present month and count its use from `usage_day`. False when another transaction has done it."""
    key = {"mode": mode, "resource_id": resource_id}
    moment = now()
    month = month_of(moment)
    period = {"starts_at": month.starts_at, "ends_at": month.ends_at, "moment": moment}
    if not is_done(database, pool_sql.BEGIN_MONTH, {**key, **period}):
        return False
    database.execute(
        pool_sql.COUNT_MONTH, {**key, "first_day": month.starts_at.date(), "next_day": month.ends_at.date()}
    )
    return True


def any_pool(database: Database) -> bool:
    """Whether there is a pool at all."""
    return is_done(database, pool_sql.ANY, {})


def begin_due_months(database: Database, mode: Mode) -> None:
    """Begin the month of every pool whose month is over."""
    for resource_id, ends_at in sorted(month_ends(database, mode).items()):
        if is_over(ends_at):
            begin_month(database, mode, resource_id)
