"""What one client used on each day, over all its workspaces or by workspace."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.models import Resource, UsageDay, Workspace

# The days of a resource, by resource id.
Days = dict[int, list[int]]


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.length))

    @property
    def length(self) -> int:
        return max((self.last - self.first).days + 1, 0)


def client_days(session: Session, client_id: int, resources: Sequence[Resource], span: Span) -> Days:
    """For each resource and each day: what was used of a counter, or the level of a gauge at the end of the day.

    Three queries, however many resources and workspaces there are.
    """
    gauges = [resource.id for resource in resources if resource.kind == "gauge"]
    found = {resource.id: [0] * span.length for resource in resources}
    levels = Levels.before(session, client_id, gauges, span.first) if gauges else Levels()
    rows = rows_of(session, client_id, [resource.id for resource in resources], span)
    for number, day in enumerate(span):
        for workspace_id, resource_id, used in rows.get(day, ()):
            if resource_id in gauges:
                levels.report(resource_id, workspace_id, used)
            else:
                found[resource_id][number] += used
        for resource_id in gauges:
            found[resource_id][number] = levels.total(resource_id, day)
    return found


Row = tuple[int | None, int, int]


def rows_of(session: Session, client_id: int, resource_ids: Sequence[int], span: Span) -> dict[date, list[Row]]:
    """The stored days: workspace id, resource id and use, by day."""
    rows = session.execute(
        select(UsageDay.day, UsageDay.workspace_id, UsageDay.resource_id, UsageDay.used).where(
            UsageDay.client_id == client_id,
            UsageDay.resource_id.in_(resource_ids),
            UsageDay.day.between(span.first, span.last),
        )
    )
    found: dict[date, list[Row]] = {}
    for day, workspace_id, resource_id, used in rows:
        found.setdefault(day, []).append((workspace_id, resource_id, used))
    return found


class Levels:
    """The latest levels of a client's workspaces, day after day. A day without a report keeps the level before."""

    def __init__(self, archived: dict[int, date] | None = None) -> None:
        self.archived = archived or {}
        self.levels: dict[int, dict[int | None, int]] = {}

    @classmethod
    def before(cls, session: Session, client_id: int, resource_ids: Sequence[int], day: date) -> "Levels":
        """The levels at the start of a day."""
        workspaces = select(Workspace.id, Workspace.archived_at).where(
            Workspace.client_id == client_id, Workspace.archived_at.is_not(None)
        )
        levels = cls({one.id: one.archived_at.date() for one in session.execute(workspaces)})
        last = (
            select(UsageDay.workspace_id, UsageDay.resource_id, func.max(UsageDay.day).label("day"))
            .where(UsageDay.client_id == client_id, UsageDay.resource_id.in_(resource_ids), UsageDay.day < day)
            .group_by(UsageDay.workspace_id, UsageDay.resource_id)
            .subquery()
        )
        rows = session.execute(
            select(UsageDay.workspace_id, UsageDay.resource_id, UsageDay.used)
            .join(
                last,
                (UsageDay.resource_id == last.c.resource_id)
                & (UsageDay.day == last.c.day)
                & UsageDay.workspace_id.is_not_distinct_from(last.c.workspace_id),
            )
            .where(UsageDay.client_id == client_id)
        )
        for workspace_id, resource_id, used in rows:
            levels.report(resource_id, workspace_id, used)
        return levels

    def report(self, resource_id: int, workspace_id: int | None, used: int) -> None:
        self.levels.setdefault(resource_id, {})[workspace_id] = used

    def total(self, resource_id: int, day: date) -> int:
        """The sum at the end of a day, without workspaces that were archived by then."""
        mine = self.levels.get(resource_id, {})
        return sum(
            used
            for workspace_id, used in mine.items()
            if workspace_id is None or self.archived.get(workspace_id, date.max) > day
        )
