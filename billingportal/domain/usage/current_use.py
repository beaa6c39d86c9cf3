"""What clients use now: `client_usage`, the rows that limits are held against, written from what they add up to.

A counter's use is the total of the period in which its client lives now; a gauge's is the sum of the levels of the
workspaces that are not archived, or the level of the whole client; the portal counts workspaces itself.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, and_, func, select

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.usage.counting import over_quota
from billingportal.domain.usage.counting.checks import WORKSPACES
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, parameters
from billingportal.domain.usage.counting.quick_use import add_used
from billingportal.domain.usage.counting.scopes import PAIRS, Pair
from billingportal.domain.usage.counting.use_rows import Change, Row, Use, lock_rows, read_rows, write_changes
from billingportal.domain.usage.periods import Period, period_in, stored_periods
from billingportal.models import ClientLevel, ClientUsage, Resource, UsageTotal, Workspace, WorkspaceUsage

STARTS: Columns = (*PAIRS, ("starts_at", datetime))


def refresh(database: Database, pairs: Collection[Pair], clocks: Mapping[int, datetime]) -> dict[Pair, Use]:
    """Write what clients use of resources now, and whether they are over their quotas. Missing rows are added.

    `clocks` has the times of clients on test clocks. The caller has locked the clients. The rows stay locked until
    the transaction ends.
    """
    moment = now()
    rows = lock_rows(database, pairs, moment)
    changes = [*gauge_changes(database, rows), *counter_changes(database, rows, clocks, moment)]
    needed = [change for change in changes if change.is_needed]
    write_changes(database, needed, moment)
    crossed = {one.row.client_id for one in needed if one.use.over != Use(one.row.used, one.row.limit).over}
    over_quota.refresh_over_quota(database, crossed)
    return {change.row.pair: change.use for change in changes}


def add(
    database: Database,
    added: Mapping[Pair, tuple[Period, int]],
    gauges: Collection[Pair],
    clocks: Mapping[int, datetime],
) -> dict[Pair, Use]:
    """Add to what clients use of counters in their current periods, and work out what they use of gauges.

    The quick way for reports: it leads to `refresh` where a period has ended or a row is missing.
    """
    found = add_used(database, added, now())
    crossed = {pair[0] for pair, (use, number) in found.items() if use.over != Use(use.used - number, use.limit).over}
    over_quota.refresh_over_quota(database, crossed)
    uses = {pair: use for pair, (use, _) in found.items()}
    return uses | refresh(database, {*gauges, *(added.keys() - uses.keys())}, clocks)


def uses_of(database: Database, pairs: Iterable[Pair]) -> dict[Pair, Use]:
    """What clients use of resources, as it is stored. Pairs without a row are left out."""
    return {row.pair: Use(row.used, row.limit) for row in read_rows(database, set(pairs))}


def counters_of(database: Database, client_id: int) -> set[Pair]:
    """The counters that a client has ever used."""
    used = select(UsageTotal.resource_id).where(UsageTotal.client_id == client_id)
    capped = select(ClientUsage.resource_id).join(Resource, Resource.id == ClientUsage.resource_id)
    rows = database.execute(used.union(capped.where(ClientUsage.client_id == client_id, Resource.kind == "counter")))
    return {(client_id, resource_id) for (resource_id,) in rows}


def gauge_changes(database: Database, rows: Sequence[Row]) -> list[Change]:
    gauges = [row for row in rows if row.kind == "gauge"]
    levels = levels_of(database, [row.pair for row in gauges if row.key != WORKSPACES])
    counted = workspaces_of(database, [row.client_id for row in gauges if row.key == WORKSPACES])
    return [
        Change(row, counted.get(row.client_id, 0) if row.key == WORKSPACES else levels[row.pair], None)
        for row in gauges
    ]


def levels_of(database: Database, pairs: Sequence[Pair]) -> dict[Pair, int]:
    """What gauges add up to, from the levels."""
    if not pairs:
        return {}
    dialect = dialect_of(database)
    rows = database.execute(level_sums(dialect), parameters(PAIRS, dialect, pairs))
    return {(client_id, resource_id): int(used) for client_id, resource_id, used in rows}


def workspaces_of(database: Database, client_ids: Sequence[int]) -> dict[int, int]:
    """How many workspaces clients have that are not archived."""
    if not client_ids:
        return {}
    counted = (
        select(Workspace.client_id, func.count().label("number"))
        .where(Workspace.client_id.in_(client_ids), Workspace.archived_at.is_(None))
        .group_by(Workspace.client_id)
    )
    return {row.client_id: row.number for row in database.execute(counted)}


def counter_changes(
    database: Database, rows: Sequence[Row], clocks: Mapping[int, datetime], moment: datetime
) -> list[Change]:
    counters = [row for row in rows if row.kind == "counter"]
    if not counters:
        return []
    times = {row.client_id: clocks.get(row.client_id, moment) for row in counters}
    stored = stored_periods(database, times, min(times.values()))
    periods = {client_id: period_in(stored.get(client_id, ()), at) for client_id, at in times.items()}
    wanted = [(*row.pair, periods[row.client_id].starts_at) for row in counters]
    dialect = dialect_of(database)
    found = database.execute(current_totals(dialect), parameters(STARTS, dialect, wanted))
    totals = {(client_id, resource_id): used for client_id, resource_id, used in found}
    return [Change(row, totals.get(row.pair, 0), periods[row.client_id]) for row in counters]


@cache
def level_sums(dialect: str) -> Select[int, int, int]:
    """The level of the whole client, else the sum of those of its workspaces that are not archived."""
    given = given_rows(PAIRS, dialect)
    whole = (
        select(ClientLevel.used)
        .where(ClientLevel.client_id == given.c.client_id, ClientLevel.resource_id == given.c.resource_id)
        .scalar_subquery()
    )
    is_mine = (Workspace.client_id == given.c.client_id, Workspace.archived_at.is_(None))
    mine = select(Workspace.id).where(*is_mine).correlate(given)
    parts = (
        select(func.sum(WorkspaceUsage.used))
        # No join: SQLite would then read the levels of every client.
        .where(WorkspaceUsage.workspace_id.in_(mine), WorkspaceUsage.resource_id == given.c.resource_id)
        .scalar_subquery()
    )
    return select(given.c.client_id, given.c.resource_id, func.coalesce(whole, parts, 0))


@cache
def current_totals(dialect: str) -> Select[int, int, int]:
    given = given_rows(STARTS, dialect)
    return select(UsageTotal.client_id, UsageTotal.resource_id, UsageTotal.used).join(
        given,
        and_(
            UsageTotal.client_id == given.c.client_id,
            UsageTotal.resource_id == given.c.resource_id,
            UsageTotal.period_starts_at == given.c.starts_at,
        ),
    )
