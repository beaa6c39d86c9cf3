"""Stored levels that are not the newest level of a day."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select

from billingportal.db import Database
from billingportal.domain.usage.counting.checks import WORKSPACES
from billingportal.models import ClientLevel, Resource, UsageDay, Workspace, WorkspaceUsage


@dataclass(frozen=True)
class WrongLevel:
    """`workspace_id` None: the level of the whole client. `after` is the newest one."""

    resource_id: int
    workspace_id: int | None
    before: int
    after: int
    measured_at: datetime
    record_id: int | None


def wrong_levels(database: Database, client_id: int, since: date) -> list[WrongLevel]:
    """The levels of a client and its workspaces that a day, from one on, contradicts."""
    mine = select(Workspace.id).where(Workspace.client_id == client_id)
    of_workspaces = newest_days(since, UsageDay.workspace_id.in_(mine))
    of_client = newest_days(since, and_(UsageDay.client_id == client_id, UsageDay.workspace_id.is_(None)))
    return [
        *found(database, of_workspaces, WorkspaceUsage, WorkspaceUsage.workspace_id == of_workspaces.c.workspace_id),
        *found(database, of_client, ClientLevel, ClientLevel.client_id == client_id),
    ]


def newest_days(since: date, mine: ColumnElement[bool]) -> Subquery:
    """The newest level of each gauge by its days. The portal counts workspaces itself."""
    newest_first = func.row_number().over(
        partition_by=(UsageDay.workspace_id, UsageDay.resource_id),
        order_by=(UsageDay.measured_at.desc(), func.coalesce(UsageDay.record_id, 0).desc(), UsageDay.day.desc()),
    )
    return (
        select(
            UsageDay.resource_id,
            UsageDay.workspace_id,
            UsageDay.used,
            UsageDay.measured_at,
            UsageDay.record_id,
            newest_first.label("place"),
        )
        .join(Resource, Resource.id == UsageDay.resource_id)
        .where(mine, UsageDay.day >= since, UsageDay.measured_at.is_not(None), Resource.key != WORKSPACES)
        .subquery()
    )


def found(
    database: Database, newest: Subquery, table: type[WorkspaceUsage] | type[ClientLevel], same: ColumnElement[bool]
) -> list[WrongLevel]:
    day_record, record = func.coalesce(newest.c.record_id, 0), func.coalesce(table.record_id, 0)
    is_older = or_(
        table.measured_at < newest.c.measured_at,
        and_(table.measured_at == newest.c.measured_at, record < day_record),
    )
    is_same = and_(table.measured_at == newest.c.measured_at, record == day_record)
    is_wrong = or_(table.id.is_(None), is_older, and_(is_same, table.used != newest.c.used))
    rows = database.execute(
        select(
            newest.c.resource_id,
            newest.c.workspace_id,
            func.coalesce(table.used, 0),
            newest.c.used,
            newest.c.measured_at,
            newest.c.record_id,
        )
        .select_from(newest)
        .outerjoin(table, and_(same, table.resource_id == newest.c.resource_id))
        .where(newest.c.place == 1, is_wrong)
    )
    return [WrongLevel(*row) for row in rows]
