"""Gives back reservations that have expired."""

from collections import Counter
from datetime import datetime

from billingportal.db import Database
from billingportal.domain.common.plain_sql import dialect_of, is_done
from billingportal.domain.reservations import reservation_sql as sql
from billingportal.domain.usage import pool
from billingportal.models.connection.processor_account import Mode

BATCH = 500


def is_due(database: Database, moment: datetime) -> bool:
    """Whether a reservation has expired at a moment and not been given back."""
    return is_done(database, sql.IS_DUE, {"now": moment})


def expire_due(database: Database, moment: datetime) -> int:
    """Give back up to BATCH reservations that have expired at a moment; how many there were.

    Those that another transaction settles now are left to it.
    """
    values = {"now": moment, "count": BATCH}
    rows = database.execute(sql.EXPIRE_DUE[dialect_of(database)], values).all()
    clients: Counter[tuple[int, int]] = Counter()
    pools: Counter[tuple[Mode, int]] = Counter()
    for row in rows:
        clients[row.client_id, row.resource_id] += row.quantity
        if row.counts_in_pool:
            pools[row.mode, row.resource_id] += row.quantity
    for (client_id, resource_id), amount in sorted(clients.items()):
        key = {"client_id": client_id, "resource_id": resource_id}
        database.execute(sql.CHANGE_USE, {**key, "used": 0, "returned": amount, "now": moment})
    for (mode, resource_id), amount in sorted(pools.items()):
        pool.change(database, mode, resource_id, at=moment, reserved=-amount)
    return len(rows)
