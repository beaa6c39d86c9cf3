"""What stored records add up to, worked out one by one in Python, and what the portal has stored."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Base
from billingportal.domain.usage.counting.checks import WORKSPACES
from billingportal.domain.usage.periods import period_in
from billingportal.domain.usage.subscription_periods import all_periods
from billingportal.models import (
    ClientLevel,
    ClientUsage,
    Resource,
    UsageDay,
    UsageRecord,
    UsageTotal,
    Workspace,
    WorkspaceUsage,
)

Model = TypeVar("Model", bound=Base)
Key = TypeVar("Key")
DayKey = tuple[int, int, int | None, date]


@dataclass(frozen=True)
class Ledger:
    """Totals by client, resource and start of the period; days; levels by workspace or client; use now."""

    totals: dict[tuple[int, int, datetime], int]
    days: dict[DayKey, int]
    levels: dict[tuple[str, int, int], int]
    used: dict[tuple[int, int], int]


def expected_ledger(session: Session, moment: datetime) -> Ledger:
    """From the records alone."""
    session.rollback()
    counting = select(UsageRecord).where(UsageRecord.taken_back_at.is_(None)).order_by(UsageRecord.at, UsageRecord.id)
    records = session.scalars(counting).all()
    gauges = set(session.scalars(select(Resource.id).where(Resource.kind == "gauge")))
    totals: dict[tuple[int, int, datetime], int] = defaultdict(int)
    days: dict[DayKey, int] = defaultdict(int)
    levels: dict[tuple[str, int, int], int] = {}
    used: dict[tuple[int, int], int] = defaultdict(int)
    periods = {client_id: all_periods(session, client_id) for client_id in {one.client_id for one in records}}
    for one in records:
        day = (one.client_id, one.resource_id, one.workspace_id, one.at.date())
        if one.resource_id in gauges:
            days[day] = one.amount
            scope = ("client", one.client_id) if one.workspace_id is None else ("workspace", one.workspace_id)
            levels[(*scope, one.resource_id)] = one.amount
            continue
        days[day] += one.amount
        starts_at = period_in(periods[one.client_id], one.at).starts_at
        totals[one.client_id, one.resource_id, starts_at] += one.amount
        if starts_at == period_in(periods[one.client_id], moment).starts_at:
            used[one.client_id, one.resource_id] += one.amount
    count_levels(session, levels, used)
    return Ledger(without_zeros(totals), dict(days), levels, without_zeros(used))


def count_levels(session: Session, levels: dict[tuple[str, int, int], int], used: dict[tuple[int, int], int]) -> None:
    whole = {(owner, resource_id) for scope, owner, resource_id in levels if scope == "client"}
    workspaces = session.scalars(select(Workspace).where(Workspace.archived_at.is_(None))).all()
    counted = session.scalars(select(Resource.id).where(Resource.key == WORKSPACES)).one()
    for workspace in workspaces:
        used[workspace.client_id, counted] += 1
    for (scope, owner, resource_id), level in levels.items():
        if scope == "client":
            used[owner, resource_id] += level
        for workspace in workspaces:
            is_mine = scope == "workspace" and workspace.id == owner
            if is_mine and (workspace.client_id, resource_id) not in whole:
                used[workspace.client_id, resource_id] += level


def stored_ledger(session: Session) -> Ledger:
    """As the portal has counted. Days that only carry a moved level on are left out."""
    session.rollback()
    levels = {("workspace", one.workspace_id, one.resource_id): one.used for one in rows(session, WorkspaceUsage)}
    levels |= {("client", one.client_id, one.resource_id): one.used for one in rows(session, ClientLevel)}
    return Ledger(
        without_zeros(
            {(one.client_id, one.resource_id, one.period_starts_at): one.used for one in rows(session, UsageTotal)}
        ),
        stored_days(session),
        levels,
        without_zeros({(one.client_id, one.resource_id): one.used for one in rows(session, ClientUsage)}),
    )


def stored_days(session: Session) -> dict[DayKey, int]:
    homes = {one.id: (one.client_id, one.at.date()) for one in rows(session, UsageRecord)}
    days: dict[DayKey, int] = {}
    for one in rows(session, UsageDay):
        is_level = one.measured_at is not None
        if homes.get(one.record_id or 0) == (one.client_id, one.day) if is_level else one.used:
            days[one.client_id, one.resource_id, one.workspace_id, one.day] = one.used
    return days


def rows(session: Session, model: type[Model]) -> Sequence[Model]:
    return session.scalars(select(model)).all()


def without_zeros(found: dict[Key, int]) -> dict[Key, int]:
    return {key: number for key, number in found.items() if number}
