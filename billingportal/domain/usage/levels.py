"""Levels of gauges when workspaces come, go or move, and when a reservation is confirmed."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.usage import current_use
from billingportal.domain.usage.counting import pool_use
from billingportal.domain.usage.counting.checks import WORKSPACES
from billingportal.domain.usage.counting.given import dialect_of, insert_into
from billingportal.domain.usage.counting.sums import day_of
from billingportal.domain.usage.counting.use_rows import Use
from billingportal.models import Client, ClientLevel, ClientUsage, Resource, UsageDay, Workspace, WorkspaceUsage
from billingportal.models.usage.usage_day import BY_CLIENT, BY_WORKSPACE

NO_CLOCKS: Mapping[int, datetime] = {}


def refresh_levels(session: Session, client_id: int) -> None:
    """Work out what a client uses of every gauge, after its workspaces were made, archived, restored or moved.

    Locks the client. Levels that a moved workspace brings are in the client's days from today on.
    """
    session.flush()
    session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    uses = current_use.refresh(session, {(client_id, one) for one in gauges_of(session, client_id)}, NO_CLOCKS)
    write_workspaces_of_today(session, client_id, uses)
    pool_use.add_risen(session, session.get_one(Client, client_id).mode, uses)


def gauges_of(session: Session, client_id: int) -> set[int]:
    """The gauges that a client or one of its workspaces has ever used, and the number of workspaces."""
    of_client = select(ClientUsage.resource_id).join(Resource, Resource.id == ClientUsage.resource_id)
    of_workspaces = select(WorkspaceUsage.resource_id).join(Workspace, Workspace.id == WorkspaceUsage.workspace_id)
    return {
        *session.scalars(of_client.where(ClientUsage.client_id == client_id, Resource.kind == "gauge")),
        *session.scalars(of_workspaces.where(Workspace.client_id == client_id).distinct()),
        *session.scalars(select(Resource.id).where(Resource.key == WORKSPACES)),
    }


def write_workspaces_of_today(session: Session, client_id: int, uses: Mapping[tuple[int, int], Use]) -> None:
    """The portal counts workspaces itself, so their number of the day comes from no record."""
    moment = now()
    resource_id = session.scalar(select(Resource.id).where(Resource.key == WORKSPACES))
    use = uses.get((client_id, resource_id)) if resource_id is not None else None
    if use is None:
        return
    row = {"client_id": client_id, "resource_id": resource_id, "day": day_of(moment), "measured_at": moment}
    added = insert_into(UsageDay, dialect_of(session)).values(**row, used=use.used)
    session.execute(
        added.on_conflict_do_update(
            index_elements=["client_id", "resource_id", "day"],
            index_where=BY_CLIENT,
            set_={"used": use.used, "measured_at": moment},
        )
    )


def carry_levels(session: Session, workspace: Workspace) -> None:
    """Write a moved workspace's levels into the days of its new client, from today on."""
    today = day_of(now())
    levels = session.scalars(select(WorkspaceUsage).where(WorkspaceUsage.workspace_id == workspace.id))
    for level in levels.all():
        write_day(session, workspace, level, today)


def raise_level(session: Session, workspace: Workspace, resource_id: int, quantity: int, at: datetime) -> None:
    """Raise a gauge by what a confirmed reservation used, until a newer level is reported.

    A gauge that is reported for the whole client is raised there. Call it before rows of `client_usage` are locked,
    and `current_use.refresh` afterwards. `at` is in the client's time.
    """
    whole = session.scalar(
        select(ClientLevel)
        .where(ClientLevel.client_id == workspace.client_id, ClientLevel.resource_id == resource_id)
        .with_for_update()
    )
    level = whole or locked_level(session, workspace, resource_id, at)
    level.used += quantity
    level.measured_at, level.record_id = max(level.measured_at, at), None
    session.flush()
    write_day(session, workspace, level, day_of(at))


def locked_level(session: Session, workspace: Workspace, resource_id: int, at: datetime) -> WorkspaceUsage:
    key = {"workspace_id": workspace.id, "resource_id": resource_id}
    added = insert_into(WorkspaceUsage, dialect_of(session)).values(**key, used=0, measured_at=at)
    session.execute(added.on_conflict_do_nothing())
    return session.scalars(
        select(WorkspaceUsage).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    ).one()


def write_day(session: Session, workspace: Workspace, level: WorkspaceUsage | ClientLevel, day: date) -> None:
    """Store a level as the last one of a day."""
    values = {"used": level.used, "measured_at": level.measured_at, "record_id": level.record_id}
    key = {"client_id": workspace.client_id, "resource_id": level.resource_id, "day": day}
    names = ["client_id", "resource_id", "day"]
    added = insert_into(UsageDay, dialect_of(session)).values(**key, **values)
    if isinstance(level, ClientLevel):
        session.execute(added.on_conflict_do_update(index_elements=names, index_where=BY_CLIENT, set_=values))
        return
    names.append("workspace_id")
    added = added.values(workspace_id=workspace.id)
    session.execute(added.on_conflict_do_update(index_elements=names, index_where=BY_WORKSPACE, set_=values))
