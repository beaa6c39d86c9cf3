"""What each workspace of a client used of one resource."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.usage.history.spans import Span
from billingportal.models import ClientLevel, Resource, UsageDay, Workspace, WorkspaceUsage

# The most workspaces that a page lists.
MOST = 50


@dataclass(frozen=True)
class WorkspaceUse:
    """`workspace` None: reported for the client as a whole. `last_on`: the day of the last report."""

    workspace: Workspace | None
    used: int
    last_on: date | None


@dataclass(frozen=True)
class ByWorkspace:
    """The workspaces that used most, and the sum over all of them."""

    rows: Sequence[WorkspaceUse]
    total: int
    has_more: bool


def by_workspace(session: Session, client_id: int, resource: Resource, span: Span) -> ByWorkspace:
    """What was used of a counter on these days, or the levels of a gauge now. Two queries at most."""
    rows = (
        levels(session, client_id, resource) if resource.kind == "gauge" else sums(session, client_id, resource, span)
    )
    used = [row for row in rows if row.used]
    return ByWorkspace(used[:MOST], sum(row.used for row in used), len(used) > MOST)


def sums(session: Session, client_id: int, resource: Resource, span: Span) -> list[WorkspaceUse]:
    summed = (
        select(UsageDay.workspace_id, func.sum(UsageDay.used).label("used"), func.max(UsageDay.day).label("last_on"))
        .where(
            UsageDay.client_id == client_id,
            UsageDay.resource_id == resource.id,
            UsageDay.day.between(span.first, span.last),
        )
        .group_by(UsageDay.workspace_id)
        .subquery()
    )
    rows = session.execute(
        select(Workspace, summed.c.used, summed.c.last_on)
        .select_from(summed)
        .outerjoin(Workspace, Workspace.id == summed.c.workspace_id)
        .order_by(summed.c.used.desc(), summed.c.workspace_id)
    )
    return [WorkspaceUse(workspace, int(used), last_on) for workspace, used, last_on in rows]


def levels(session: Session, client_id: int, resource: Resource) -> list[WorkspaceUse]:
    rows = session.execute(
        select(Workspace, WorkspaceUsage.used, WorkspaceUsage.measured_at)
        .join(WorkspaceUsage, WorkspaceUsage.workspace_id == Workspace.id)
        .where(
            Workspace.client_id == client_id,
            Workspace.archived_at.is_(None),
            WorkspaceUsage.resource_id == resource.id,
        )
        .order_by(WorkspaceUsage.used.desc(), Workspace.id)
    )
    found = [WorkspaceUse(workspace, used, measured_at.date()) for workspace, used, measured_at in rows]
    whole = session.scalar(
        select(ClientLevel).where(ClientLevel.client_id == client_id, ClientLevel.resource_id == resource.id)
    )
    return [WorkspaceUse(None, whole.used, whole.measured_at.date())] if whole else found


def workspace_days(session: Session, client_id: int, span: Span) -> list[tuple[date, str, Workspace | None, int]]:
    """The stored days of a client: day, the resource's key, workspace and use."""
    rows = session.execute(
        select(UsageDay.day, Resource.key, Workspace, UsageDay.used)
        .join(Resource, Resource.id == UsageDay.resource_id)
        .outerjoin(Workspace, Workspace.id == UsageDay.workspace_id)
        .where(UsageDay.client_id == client_id, UsageDay.day.between(span.first, span.last))
        .order_by(UsageDay.day, Resource.position, Resource.id, Workspace.id)
    )
    return [(day, key, workspace, used) for day, key, workspace, used in rows]
