"""The statements of reservations.

Lock order: the reservation's own row, rows of records and levels, `client_usage` by client and resource, `usage_pool`
by resource. Who has a row of `client_usage` never waits for a reservation: locked ones are left out.
"""

from billingportal.db import UtcDateTime
from billingportal.domain.common.plain_sql import plain_sql, skipping_locked

TAKE = plain_sql(
    """
    UPDATE client_usage SET reserved = reserved + :amount, revision = revision + 1, changed_at = :now
    WHERE client_id = :client_id AND resource_id = :resource_id
    AND used + reserved + :amount <= CASE WHEN :is_billed THEN COALESCE(spending_cap, :most) ELSE :most END
    RETURNING used, reserved
    """,
    "now",
)
# `returned` is given back of what was reserved.
CHANGE_USE = plain_sql(
    """
    UPDATE client_usage SET used = used + :used, reserved = reserved - :returned,
      revision = revision + 1, changed_at = :now
    WHERE client_id = :client_id AND resource_id = :resource_id
    RETURNING used, reserved
    """,
    "now",
)
USE = plain_sql("SELECT used, reserved FROM client_usage WHERE client_id = :client_id AND resource_id = :resource_id")
INSERT = plain_sql(
    """
    INSERT INTO reservation (mode, client_id, workspace_id, resource_id, quantity, state, counts_in_pool,
      expires_at, created_at)
    VALUES (:mode, :client_id, :workspace_id, :resource_id, :quantity, 'reserved', :counts_in_pool,
      :expires_at, :now)
    RETURNING id
    """,
    "expires_at",
    "now",
)
FOUND = """
    SELECT reservation.*, resource.key AS resource_key
    FROM reservation JOIN resource ON resource.id = reservation.resource_id
    WHERE reservation.id = :id AND reservation.mode = :mode AND (
      :shows_rehearsals OR reservation.client_id NOT IN (SELECT id FROM client WHERE is_rehearsal))
"""
TIMES = {"expires_at": UtcDateTime(), "created_at": UtcDateTime()}
FIND = plain_sql(FOUND).columns(**TIMES)
LOCK = {
    "sqlite": FIND,
    "postgresql": plain_sql(FOUND + "FOR NO KEY UPDATE OF reservation").columns(**TIMES),
}
SETTLE = plain_sql(
    """
    UPDATE reservation SET state = :state, confirmed_quantity = :confirmed, settled_at = :now WHERE id = :id
    """,
    "now",
)
EXPIRE_OF_CLIENT = skipping_locked(
    """
    UPDATE reservation SET state = 'expired', settled_at = :now WHERE id IN (
      SELECT id FROM reservation
      WHERE client_id = :client_id AND resource_id = :resource_id AND state = 'reserved' AND expires_at <= :now
      {skip_locked})
    RETURNING quantity, counts_in_pool
    """,
    "now",
)
# The clients' shares of them are given back by the worker, since they come before the pool in the order of locks.
EXPIRE_IN_POOL = skipping_locked(
    """
    UPDATE reservation SET counts_in_pool = :no WHERE id IN (
      SELECT id FROM reservation
      WHERE mode = :mode AND resource_id = :resource_id AND state = 'reserved' AND expires_at <= :now
      AND counts_in_pool = :yes
      {skip_locked})
    RETURNING quantity
    """,
    "now",
)
EXPIRE_DUE = skipping_locked(
    """
    UPDATE reservation SET state = 'expired', settled_at = :now WHERE id IN (
      SELECT id FROM reservation WHERE state = 'reserved' AND expires_at <= :now
      ORDER BY expires_at LIMIT :count {skip_locked})
    RETURNING mode, client_id, resource_id, quantity, counts_in_pool
    """,
    "now",
)
IS_DUE = plain_sql("SELECT 1 FROM reservation WHERE state = 'reserved' AND expires_at <= :now LIMIT 1", "now")
