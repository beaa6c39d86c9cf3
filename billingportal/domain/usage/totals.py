"""How much a client uses of each resource, over all its workspaces."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.models import Resource, Workspace, WorkspaceUsage

# Counted here: the portal knows the workspaces itself.
WORKSPACES = "workspaces"


def usage_of(session: Session, client_id: int) -> dict[int, int]:
    """Usage by resource id. Resources that were never reported are left out."""
    return used_by(session, [client_id]).get(client_id, {})


def used_by(session: Session, client_ids: Sequence[int] | Select[int]) -> dict[int, dict[int, int]]:
    """The same for many clients, with two queries in all. Clients that use nothing are left out."""
    found: dict[int, dict[int, int]] = {}
    mine = (Workspace.client_id.in_(client_ids), Workspace.archived_at.is_(None))
    reported = (
        select(Workspace.client_id, WorkspaceUsage.resource_id, func.sum(WorkspaceUsage.used))
        .join(WorkspaceUsage, WorkspaceUsage.workspace_id == Workspace.id)
        .where(*mine)
        .group_by(Workspace.client_id, WorkspaceUsage.resource_id)
    )
    for client_id, resource_id, total in session.execute(reported):
        found.setdefault(client_id, {})[resource_id] = int(total)
    counted = (
        select(Workspace.client_id, Resource.id, func.count(Workspace.id))
        .join(Resource, Resource.key == WORKSPACES)
        .where(*mine)
        .group_by(Workspace.client_id, Resource.id)
    )
    for client_id, resource_id, total in session.execute(counted):
        found.setdefault(client_id, {})[resource_id] = int(total)
    return found


def report_usage(session: Session, workspace: Workspace, resource_id: int, level: int) -> None:
    """Store a workspace's current usage of a resource. Raises ValueError for a negative level."""
    if level < 0:
        raise ValueError("use is 0 or more")
    row = session.scalar(
        select(WorkspaceUsage)
        .where(WorkspaceUsage.workspace_id == workspace.id, WorkspaceUsage.resource_id == resource_id)
        .with_for_update()
    )
    if row is None:
        row = WorkspaceUsage(workspace_id=workspace.id, resource_id=resource_id)
        session.add(row)
    row.used, row.measured_at = level, now()
