"""The clients affected when a plan's quotas change, and the quotas of each client afterwards.

Nothing is stored per client: a client's quotas follow from the plan's changes, the time it took the plan and the start
of its current period.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.plans.terms import Limit, limits_of
from billingportal.domain.usage import totals as usage_totals
from billingportal.errors import PortalError
from billingportal.models import Client, Entitlement, Plan, QuotaChange, Subscription, SubscriptionItem
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.quota_change import AppliesTo

# Quotas by resource id; None is unlimited.
Quotas = Mapping[int, int | None]


@dataclass(frozen=True)
class PlanClient:
    """A client who has the plan. `used` is by resource id."""

    name: str
    joined_at: datetime
    period_started_at: datetime
    used: Mapping[int, int]


@dataclass(frozen=True)
class Overrun:
    """A client who uses more of a resource than the new quota allows."""

    client: PlanClient
    resource_id: int
    used: int
    quota: int

    @property
    def excess(self) -> int:
        return self.used - self.quota


@dataclass(frozen=True)
class Affected:
    """The number of clients who have the plan, and those who would exceed the new quotas."""

    count: int
    overruns: tuple[Overrun, ...]


class ChoiceNeeded(PortalError):
    """The plan has clients, so the caller must choose who gets the new quotas."""

    def __init__(self, found: Affected) -> None:
        super().__init__("Clients have this plan. Choose to whom the new quotas apply.")
        self.affected = found


def affected(clients: Sequence[PlanClient], quotas: Quotas) -> Affected:
    """The clients who would exceed these quotas if they applied to everybody now, largest excess first."""
    found = [
        Overrun(client, resource_id, client.used[resource_id], quota)
        for client in clients
        for resource_id, quota in quotas.items()
        if quota is not None and client.used.get(resource_id, 0) > quota
    ]
    return Affected(len(clients), tuple(sorted(found, key=lambda overrun: -overrun.excess)))


def quotas_for(
    current: Quotas, changes: Iterable[QuotaChange], joined_at: datetime, period_started_at: datetime
) -> dict[int, int | None]:
    """The quotas of a client who has had the plan since `joined_at`. `changes` are all the plan's, oldest first."""
    later = [change for change in changes if change.changed_at >= joined_at]
    result = dict(current)
    for change in reversed(later):
        result |= by_id(change.before)
    for change in later:
        is_renewed = change.applies_to == "renewals" and period_started_at > change.changed_at
        if change.applies_to == "everybody" or is_renewed:
            result |= by_id(change.after)
    return result


def by_id(quotas: Mapping[str, object]) -> dict[int, int | None]:
    return {int(key): value for key, value in quotas.items() if value is None or isinstance(value, int)}


def changes_of(session: Session, plan_id: int) -> Sequence[QuotaChange]:
    """The plan's changes, oldest first."""
    return session.scalars(
        select(QuotaChange).where(QuotaChange.plan_id == plan_id).order_by(QuotaChange.changed_at, QuotaChange.id)
    ).all()


def apply_quota_change(session: Session, plan: Plan, new: Mapping[int, Limit], applies_to: AppliesTo | None) -> None:
    """Store to whom changed quotas apply. Raises ChoiceNeeded when clients have the plan and `applies_to` is None."""
    before = {resource_id: limit.quota for resource_id, limit in limits_of(plan).items()}
    after = {resource_id: limit.quota for resource_id, limit in new.items()}
    changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    clients = clients_of(session, plan) if changed else []
    if not clients:
        return
    if applies_to is None:
        raise ChoiceNeeded(affected(clients, {key: after.get(key) for key in changed}))
    session.add(
        QuotaChange(
            plan_id=plan.id,
            applies_to=applies_to,
            before={str(key): before.get(key) for key in sorted(changed)},
            after={str(key): after.get(key) for key in sorted(changed)},
            changed_at=now(),
        )
    )


def clients_of(session: Session, plan: Plan) -> list[PlanClient]:
    """The clients entitled to the plan now, from whatever source, and their usage."""
    having = (Entitlement.plan_id == plan.id, Client.archived_at.is_(None))
    rows = session.execute(
        select(
            Client.id,
            Client.name,
            Entitlement.since,
            func.coalesce(func.min(SubscriptionItem.period_started_at), Entitlement.since),
        )
        .join(Entitlement, Entitlement.client_id == Client.id)
        .outerjoin(Subscription, is_subscription_of(Entitlement))
        .outerjoin(SubscriptionItem, SubscriptionItem.subscription_id == Subscription.id)
        .where(*having)
        .group_by(Client.id, Client.name, Entitlement.since)
        .order_by(Client.name, Client.id)
    )
    used = usage_totals.used_by(session, select(Client.id).join(Entitlement).where(*having))
    return [
        PlanClient(name, since, period_started_at, used.get(client_id, {}))
        for client_id, name, since, period_started_at in rows
    ]


def is_subscription_of(entitlement: type[Entitlement]) -> ColumnElement[bool]:
    return and_(
        Subscription.processor_account_id == entitlement.processor_account_id,
        Subscription.stripe_subscription_id == entitlement.stripe_subscription_id,
    )


def counts(session: Session, mode: Mode) -> dict[int, int]:
    """The number of clients of a mode on each plan, by plan id. Plans without clients are left out."""
    rows = session.execute(
        select(Entitlement.plan_id, func.count(Entitlement.id))
        .join(Client, Client.id == Entitlement.client_id)
        .where(Client.mode == mode, Client.archived_at.is_(None), Entitlement.plan_id.is_not(None))
        .group_by(Entitlement.plan_id)
    )
    return {plan_id: number for plan_id, number in rows if plan_id is not None}
