"""What clients used on each day, over all their workspaces."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.usage.history.spans import Span
from billingportal.models import Resource, UsageDay, Workspace

# A client and a resource, by their ids.
Pair = tuple[int, int]
# A workspace's day: client, resource, workspace (None: the client as a whole), and the use.
Row = tuple[int, int, int | None, int]


def client_days(session: Session, client_id: int, resources: Sequence[Resource], span: Span) -> dict[int, list[int]]:
    """The days of one client by resource id, as `days_of` has them."""
    found = days_of(session, [client_id], resources, span)
    return {resource.id: found[client_id, resource.id] for resource in resources}


def days_of(
    session: Session, client_ids: Collection[int], resources: Iterable[Resource], span: Span
) -> dict[Pair, list[int]]:
    """For each day: what was used of a counter, or the level of a gauge at the end of the day.

    Three queries, however many clients, resources and workspaces there are.
    """
    kinds = {resource.id: resource.kind for resource in resources}
    pairs = [(client_id, resource_id) for client_id in client_ids for resource_id in kinds]
    found = {pair: [0] * span.length for pair in pairs}
    gauges = [pair for pair in pairs if kinds[pair[1]] == "gauge"]
    levels = levels_before(session, {pair[0] for pair in gauges}, {pair[1] for pair in gauges}, span.first)
    rows = rows_of(session, client_ids, kinds, span)
    for number, day in enumerate(span):
        for client_id, resource_id, workspace_id, used in rows.get(day, ()):
            if kinds[resource_id] == "gauge":
                levels.report(client_id, resource_id, workspace_id, used)
            else:
                found[client_id, resource_id][number] += used
        for pair in gauges:
            found[pair][number] = levels.total(pair, day)
    return found


def rows_of(
    session: Session, client_ids: Collection[int], resource_ids: Collection[int], span: Span
) -> dict[date, list[Row]]:
    """The stored days, by day."""
    rows = session.execute(
        select(UsageDay.day, UsageDay.client_id, UsageDay.resource_id, UsageDay.workspace_id, UsageDay.used).where(
            UsageDay.client_id.in_(client_ids),
            UsageDay.resource_id.in_(resource_ids),
            UsageDay.day.between(span.first, span.last),
        )
    )
    found: dict[date, list[Row]] = {}
    for day, client_id, resource_id, workspace_id, used in rows:
        found.setdefault(day, []).append((client_id, resource_id, workspace_id, used))
    return found


@dataclass
class Levels:
    """The latest levels of workspaces, day after day. A day without a report keeps the level before.

    `archived` are the days on which workspaces were archived: from then on they do not count.
    """

    archived: dict[int, date] = field(default_factory=dict)
    latest: dict[Pair, dict[int | None, int]] = field(default_factory=dict)

    def report(self, client_id: int, resource_id: int, workspace_id: int | None, used: int) -> None:
        self.latest.setdefault((client_id, resource_id), {})[workspace_id] = used

    def total(self, pair: Pair, day: date) -> int:
        """The sum at the end of a day."""
        return sum(
            used
            for workspace_id, used in self.latest.get(pair, {}).items()
            if workspace_id is None or self.archived.get(workspace_id, date.max) > day
        )


def levels_before(session: Session, client_ids: Collection[int], resource_ids: Collection[int], day: date) -> Levels:
    """The levels at the start of a day."""
    if not client_ids:
        return Levels()
    archived = select(Workspace.id, Workspace.archived_at).where(
        Workspace.client_id.in_(client_ids), Workspace.archived_at.is_not(None)
    )
    levels = Levels({row.id: row.archived_at.date() for row in session.execute(archived)})
    mine = (UsageDay.client_id.in_(client_ids), UsageDay.resource_id.in_(resource_ids), UsageDay.day < day)
    keys = (UsageDay.client_id, UsageDay.resource_id, UsageDay.workspace_id)
    last = select(*keys, func.max(UsageDay.day).label("day")).where(*mine).group_by(*keys).subquery()
    rows = session.execute(
        select(*keys, UsageDay.used).join(
            last,
            (UsageDay.client_id == last.c.client_id)
            & (UsageDay.resource_id == last.c.resource_id)
            & (UsageDay.day == last.c.day)
            & UsageDay.workspace_id.is_not_distinct_from(last.c.workspace_id),
        )
    )
    for client_id, resource_id, workspace_id, used in rows:
        levels.report(client_id, resource_id, workspace_id, used)
    return levels
