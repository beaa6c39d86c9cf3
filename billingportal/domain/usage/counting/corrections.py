"""Writes what a recount found over what was stored. The client is locked."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.usage.counting.differences import WrongDay, WrongTotal
from billingportal.domain.usage.counting.levels_by_day import WrongLevel
from billingportal.models import ClientLevel, UsageDay, UsageTotal, WorkspaceUsage


def correct_total(session: Session, client_id: int, wrong: WrongTotal, ends_at: datetime) -> None:
    key = {"client_id": client_id, "resource_id": wrong.resource_id, "period_starts_at": wrong.starts_at}
    row = session.scalar(select(UsageTotal).filter_by(**key).execution_options(populate_existing=True))
    if row is None:
        row = UsageTotal(**key)
        session.add(row)
    row.used, row.period_ends_at = wrong.after, ends_at
    session.flush()


def correct_day(session: Session, client_id: int, wrong: WrongDay) -> None:
    key = {"client_id": client_id, "resource_id": wrong.resource_id, "day": wrong.day}
    same_workspace = UsageDay.workspace_id.is_not_distinct_from(wrong.workspace_id)
    found = select(UsageDay).filter_by(**key).where(same_workspace).execution_options(populate_existing=True)
    row = session.scalar(found)
    if row is None:
        row = UsageDay(**key, workspace_id=wrong.workspace_id)
        session.add(row)
    row.used, row.measured_at, row.record_id = wrong.after, wrong.measured_at, wrong.record_id
    session.flush()


def correct_level(session: Session, client_id: int, wrong: WrongLevel) -> None:
    row = stored_level(session, client_id, wrong)
    row.used, row.measured_at, row.record_id = wrong.after, wrong.measured_at, wrong.record_id
    session.add(row)
    session.flush()


def stored_level(session: Session, client_id: int, wrong: WrongLevel) -> WorkspaceUsage | ClientLevel:
    if wrong.workspace_id is None:
        key = {"client_id": client_id, "resource_id": wrong.resource_id}
        whole = session.scalar(select(ClientLevel).filter_by(**key).execution_options(populate_existing=True))
        return whole or ClientLevel(**key)
    key = {"workspace_id": wrong.workspace_id, "resource_id": wrong.resource_id}
    part = session.scalar(select(WorkspaceUsage).filter_by(**key).execution_options(populate_existing=True))
    return part or WorkspaceUsage(**key)
