"""What lists of usage have in common: whose use, and of what."""

from typing import Protocol

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billingportal.api.ids import find_client, find_workspace
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.problems import Problem
from billingportal.domain.common.references import public_id
from billingportal.models import Resource, UsageDay, UsageRecord, UsageTotal


class Wanted(Protocol):
    """The part of a query that says whose use is wanted, and of what."""

    @property
    def client(self) -> str: ...

    @property
    def workspace(self) -> str | None: ...

    @property
    def resource(self) -> str | None: ...


def filters(
    call: Call,
    session: Session,
    query: Wanted,
    table: type[UsageDay] | type[UsageTotal] | type[UsageRecord],
) -> list[ColumnElement[bool]]:
    """The client, workspace and resource of a query. Raises Problem."""
    wanted = [table.client_id == find_client(session, call.mode, query.client).id]
    if query.workspace is not None:
        workspace = find_workspace(session, call.mode, query.workspace)
        column: InstrumentedAttribute[int | None] | None = getattr(table, "workspace_id", None)
        if column is None:
            raise Problem("invalid", "Periods are those of a whole client. Leave the workspace out, or group by day.")
        wanted.append(column == workspace.id)
    if query.resource is not None:
        resource_id = session.scalar(select(Resource.id).where(Resource.key == query.resource))
        if resource_id is None:
            raise Problem("resource_not_found", f"There is no resource {query.resource[:200]}.")
        wanted.append(table.resource_id == resource_id)
    return wanted


def workspace_of(workspace_id: int | None) -> str | None:
    return None if workspace_id is None else public_id("workspace", workspace_id)
