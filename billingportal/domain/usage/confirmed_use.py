"""Counts the use of a confirmed reservation: a record, total and day of a counter, or the level of a gauge."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Date, bindparam

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.plain_sql import is_done, plain_sql
from billingportal.domain.usage.present_period import period_at
from billingportal.models.connection.processor_account import Mode

RECORD = plain_sql(
    """
    INSERT INTO usage_record (mode, key, client_id, workspace_id, resource_id, amount, at, received_at)
    VALUES (:mode, :key, :client_id, :workspace_id, :resource_id, :amount, :at, :now)
    ON CONFLICT (mode, key) DO NOTHING
    RETURNING id
    """,
    "at",
    "now",
)
TOTAL = plain_sql(
    """
    INSERT INTO usage_total (client_id, resource_id, period_starts_at, period_ends_at, used)
    VALUES (:client_id, :resource_id, :starts_at, :ends_at, :amount)
    ON CONFLICT (client_id, resource_id, period_starts_at) DO UPDATE SET used = usage_total.used + excluded.used
    """,
    "starts_at",
    "ends_at",
)
DAY = plain_sql(
    """
    INSERT INTO usage_day (client_id, workspace_id, resource_id, day, used)
    VALUES (:client_id, :workspace_id, :resource_id, :day, :amount)
    ON CONFLICT (client_id, resource_id, day, workspace_id) WHERE workspace_id IS NOT NULL
    DO UPDATE SET used = usage_day.used + excluded.used
    """
).bindparams(bindparam("day", type_=Date()))
CLIENT_LEVEL = plain_sql(
    """
    UPDATE client_level SET used = used + :amount, measured_at = :at
    WHERE client_id = :client_id AND resource_id = :resource_id
    RETURNING id
    """,
    "at",
)
WORKSPACE_LEVEL = plain_sql(
    """
    INSERT INTO workspace_usage (workspace_id, resource_id, used, measured_at)
    VALUES (:workspace_id, :resource_id, :amount, :at)
    ON CONFLICT (workspace_id, resource_id) DO UPDATE
    SET used = workspace_usage.used + excluded.used, measured_at = excluded.measured_at
    """,
    "at",
)


@dataclass(frozen=True)
class ConfirmedUse:
    """`amount` was used by a workspace. `key` names the record of a counter. `at` is the client's time."""

    key: str
    client_id: int
    workspace_id: int
    resource_id: int
    amount: int
    at: datetime


def count_quantity(database: Database, mode: Mode, use: ConfirmedUse) -> bool:
    """Add a counter's use to its records, total and day. False when the key was counted before."""
    period = period_at(database, use.client_id, use.at)
    key = {"client_id": use.client_id, "resource_id": use.resource_id, "amount": use.amount}
    own = {**key, "workspace_id": use.workspace_id}
    if not is_done(database, RECORD, {**own, "mode": mode, "key": use.key, "at": use.at, "now": now()}):
        return False
    database.execute(TOTAL, {**key, "starts_at": period.starts_at, "ends_at": period.ends_at})
    database.execute(DAY, {**own, "day": use.at.date()})
    return True


def raise_level(database: Database, use: ConfirmedUse) -> bool:
    """Raise the level of a gauge until a newer one is reported. Whether it is the whole client's level."""
    key = {"client_id": use.client_id, "resource_id": use.resource_id, "amount": use.amount, "at": use.at}
    if is_done(database, CLIENT_LEVEL, key):
        return True
    database.execute(WORKSPACE_LEVEL, {**key, "workspace_id": use.workspace_id})
    return False
