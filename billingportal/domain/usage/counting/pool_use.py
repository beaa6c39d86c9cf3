"""Carries what was counted into the partner's pools."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.usage import pool
from billingportal.domain.usage.counting.scopes import Pair
from billingportal.domain.usage.counting.sums import Sums
from billingportal.domain.usage.counting.use_rows import Use
from billingportal.models.connection.processor_account import Mode
from billingportal.models.rehearsal.visibility import rehearsal_clients


def add_sums(database: Database, mode: Mode, sums: Sums, gauges: Mapping[Pair, Use]) -> None:
    """Add a counter's quantities in the month in which they were used, and what gauges have risen by.

    Locks pools, so it comes after every row of `client_usage`.
    """
    amounts: dict[datetime, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    thrown_away = throw_away_clients(database, mode, (key[0] for key in sums.days))
    for (client_id, resource_id, day, _), used in sums.days.items():
        if client_id in thrown_away:
            continue
        amounts[datetime.combine(day.replace(day=1), time(), UTC)][resource_id] += used
    for month, by_resource in sorted(amounts.items()):
        pool.add(database, mode, by_resource, month)
    add_risen(database, mode, gauges)


def add_risen(database: Database, mode: Mode, gauges: Mapping[Pair, Use]) -> None:
    """Add what gauges have risen by; what they have fallen by is below 0."""
    risen: dict[int, int] = defaultdict(int)
    thrown_away = throw_away_clients(database, mode, (client_id for client_id, _ in gauges))
    for (client_id, resource_id), use in gauges.items():
        if client_id in thrown_away:
            continue
        risen[resource_id] += use.risen
    changed = {resource_id: number for resource_id, number in risen.items() if number}
    if changed:
        pool.add(database, mode, changed, now())


def throw_away_clients(database: Database, mode: Mode, client_ids: Iterable[int]) -> frozenset[int]:
    """Those of the clients whose use is no one's: a rehearsal uses nothing of the partner's pools."""
    return rehearsal_clients(database, set(client_ids)) if mode == "test" else frozenset()
