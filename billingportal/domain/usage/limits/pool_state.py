"""The pools of resources as staff see them."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.usage.periods import month_of
from billingportal.models import Client, ClientUsage, Resource, UsageDay, UsagePool
from billingportal.models.connection.processor_account import Mode


def used_now(session: Session, mode: Mode, resource: Resource) -> int:
    """What all clients use: the sum of their totals, or of the days of this calendar month in UTC."""
    if resource.kind == "gauge":
        wanted = (
            select(func.sum(ClientUsage.used))
            .join(Client, Client.id == ClientUsage.client_id)
            .where(ClientUsage.resource_id == resource.id)
        )
    else:
        month = month_of(now())
        wanted = (
            select(func.sum(UsageDay.used))
            .join(Client, Client.id == UsageDay.client_id)
            .where(UsageDay.resource_id == resource.id, UsageDay.day >= month.starts_at.date())
            .where(UsageDay.day < month.ends_at.date())
        )
    return int(session.scalar(wanted.where(Client.mode == mode)) or 0)


def ceilings(session: Session, mode: Mode) -> dict[int, int]:
    """The ceilings of a mode by resource id."""
    rows = session.execute(select(UsagePool.resource_id, UsagePool.ceiling).where(UsagePool.mode == mode))
    return {row.resource_id: row.ceiling for row in rows}
