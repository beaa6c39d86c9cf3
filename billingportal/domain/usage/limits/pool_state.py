"""The pools of resources as staff see them."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.usage.history.periods import calendar_month
from billingportal.models import Client, ClientUsage, Resource, UsageDay, UsagePool
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class PoolState:
    """The ceiling (None is unlimited) and what all clients use: of a counter in this calendar month, in UTC."""

    ceiling: int | None
    used: int


def pool_state(session: Session, mode: Mode, resource: Resource) -> PoolState:
    return PoolState(ceilings(session, mode).get(resource.id), used_now(session, mode, resource))


def used_now(session: Session, mode: Mode, resource: Resource) -> int:
    """The sum of the clients' totals, or of the days of this month."""
    if resource.kind == "gauge":
        wanted = (
            select(func.sum(ClientUsage.used))
            .join(Client, Client.id == ClientUsage.client_id)
            .where(ClientUsage.resource_id == resource.id)
        )
    else:
        month = calendar_month(now())
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
