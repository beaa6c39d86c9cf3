"""Sets the partner's own ceiling on a resource over all clients of a mode."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.usage.history.periods import calendar_month
from billingportal.errors import Refusal
from billingportal.models import Client, ClientUsage, Resource, UsageDay, UsagePool
from billingportal.models.connection.processor_account import Mode

MOST = 10**15
NOT_A_NUMBER = "Enter a whole number, such as 3,000,000, or leave it empty for unlimited."


@dataclass(frozen=True)
class PoolState:
    """The ceiling (None is unlimited) and what all clients use: of a counter in this calendar month, in UTC."""

    ceiling: int | None
    used: int


def pool_state(session: Session, mode: Mode, resource: Resource) -> PoolState:
    row = find_pool(session, mode, resource.id)
    return PoolState(row.ceiling if row else None, used_now(session, mode, resource, now()))


def set_ceiling(session: Session, mode: Mode, resource: Resource, ceiling: int | None, *, staff_id: int) -> None:
    """Set the ceiling; None is unlimited. What was used so far is counted now. Raises Refusal naming the field."""
    if ceiling is not None and not 0 <= ceiling <= MOST:
        raise Refusal(f"pool_{mode}", f"Enter a number from 0 to {MOST:,}.")
    row = find_pool(session, mode, resource.id, is_locked=True)
    before = row.ceiling if row else None
    if before == ceiling:
        return
    if ceiling is None:
        session.delete(row)
        words = f"Lifted the pool of {resource.name} in {mode} mode"
    else:
        write_pool(session, mode, resource, row, ceiling)
        words = f"Set the pool of {resource.name} in {mode} mode to {ceiling:,}"
    act = audit.Act("usage_pool.changed", words, staff_id=staff_id, subject=("resource", resource.id))
    audit.record_act(session, act)


def write_pool(session: Session, mode: Mode, resource: Resource, row: UsagePool | None, ceiling: int) -> None:
    if row is not None:
        row.ceiling, row.revision = ceiling, row.revision + 1
        return
    month = calendar_month(now()) if resource.kind == "counter" else None
    session.add(
        UsagePool(
            mode=mode,
            resource_id=resource.id,
            ceiling=ceiling,
            used=used_now(session, mode, resource, now()),
            period_starts_at=month.starts_at if month else None,
            period_ends_at=month.ends_at if month else None,
        )
    )


def find_pool(session: Session, mode: Mode, resource_id: int, *, is_locked: bool = False) -> UsagePool | None:
    wanted = select(UsagePool).where(UsagePool.mode == mode, UsagePool.resource_id == resource_id)
    if is_locked:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalar(wanted)


def used_now(session: Session, mode: Mode, resource: Resource, moment: datetime) -> int:
    """The sum of the clients' totals, or of the days of this month. Reservations count in a pool from then on."""
    if resource.kind == "gauge":
        wanted = (
            select(func.sum(ClientUsage.used))
            .join(Client, Client.id == ClientUsage.client_id)
            .where(ClientUsage.resource_id == resource.id)
        )
    else:
        month = calendar_month(moment)
        wanted = (
            select(func.sum(UsageDay.used))
            .join(Client, Client.id == UsageDay.client_id)
            .where(UsageDay.resource_id == resource.id, UsageDay.day >= month.first, UsageDay.day < month.ends_on)
        )
    return int(session.scalar(wanted.where(Client.mode == mode)) or 0)


def ceilings(session: Session, mode: Mode) -> dict[int, int]:
    """The ceilings of a mode by resource id."""
    rows = session.execute(select(UsagePool.resource_id, UsagePool.ceiling).where(UsagePool.mode == mode))
    return {row.resource_id: row.ceiling for row in rows}
