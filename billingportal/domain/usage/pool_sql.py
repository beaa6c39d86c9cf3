"""The statements of pools."""

from sqlalchemy import Date, bindparam

from billingportal.db import UtcDateTime
from billingportal.domain.common.plain_sql import plain_sql, skipping_locked

CHANGE = plain_sql(
    """
    UPDATE usage_pool SET
      used = used + CASE WHEN period_ends_at IS NULL OR (:at >= period_starts_at AND :at < period_ends_at)
        THEN :used ELSE 0 END,
      reserved = reserved + :reserved
    WHERE mode = :mode AND resource_id = :resource_id
    """,
    "at",
)
TAKE = plain_sql(
    """
    UPDATE usage_pool SET reserved = reserved + :amount
    WHERE mode = :mode AND resource_id = :resource_id AND used + reserved + :amount <= ceiling
    RETURNING id
    """
)
EXCEEDED = plain_sql(
    "SELECT 1 FROM usage_pool WHERE mode = :mode AND resource_id = :resource_id AND used + reserved > ceiling"
)
ANY = plain_sql("SELECT 1 FROM usage_pool LIMIT 1")
MONTH_ENDS = plain_sql("SELECT resource_id, period_ends_at FROM usage_pool WHERE mode = :mode").columns(
    period_ends_at=UtcDateTime()
)
# Locks the row, so that the next statement sees the use of every transaction that had it before.
BEGIN_MONTH = plain_sql(
    """
    UPDATE usage_pool SET period_starts_at = :starts_at, period_ends_at = :ends_at, warned_percent = 0
    WHERE mode = :mode AND resource_id = :resource_id AND period_ends_at <= :moment
    RETURNING id
    """,
    "starts_at",
    "ends_at",
    "moment",
)
COUNT_MONTH = plain_sql(
    """
    UPDATE usage_pool SET used = (
      SELECT COALESCE(SUM(usage_day.used), 0) FROM usage_day JOIN client ON client.id = usage_day.client_id
      WHERE client.mode = :mode AND NOT client.is_rehearsal AND usage_day.resource_id = :resource_id
      AND usage_day.day >= :first_day AND usage_day.day < :next_day)
    WHERE mode = :mode AND resource_id = :resource_id
    """
).bindparams(bindparam("first_day", type_=Date()), bindparam("next_day", type_=Date()))
COUNT_LEVELS = plain_sql(
    """
    UPDATE usage_pool SET used = (
      SELECT COALESCE(SUM(client_usage.used), 0) FROM client_usage JOIN client ON client.id = client_usage.client_id
      WHERE client.mode = :mode AND NOT client.is_rehearsal AND client_usage.resource_id = :resource_id)
    WHERE mode = :mode AND resource_id = :resource_id
    """
)
MARK_RESERVED = skipping_locked(
    """
    UPDATE reservation SET counts_in_pool = :yes WHERE id IN (
      SELECT id FROM reservation
      WHERE mode = :mode AND resource_id = :resource_id AND state = 'reserved' AND counts_in_pool <> :yes
      AND client_id NOT IN (SELECT id FROM client WHERE is_rehearsal)
      ORDER BY id {skip_locked})
    """
)
COUNT_RESERVED = plain_sql(
    """
    UPDATE usage_pool SET reserved = (
      SELECT COALESCE(SUM(quantity), 0) FROM reservation
      WHERE mode = :mode AND resource_id = :resource_id AND state = 'reserved' AND counts_in_pool)
    WHERE mode = :mode AND resource_id = :resource_id
    """
)
