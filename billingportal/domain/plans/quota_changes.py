"""Who is affected when the quotas of a plan change, and which quotas a client has after it.

Nothing is written about the clients themselves: what applies to whom follows from the plan's changes, from since when
a client has the plan and from when its present period started.
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
    """Somebody who has the plan. `used` goes by resource id."""

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
    """How many clients have the plan, and who of them would be over the new quotas."""

    count: int
    overruns: tuple[Overrun, ...]


class ChoiceNeeded(PortalError):
    """Clients have the plan: say to whom its new quotas apply."""

    def __init__(self, found: Affected) -> None:
        super().__init__("Clients have this plan. Choose to whom the new quotas apply.")
        self.affected = found


def affected(clients: Sequence[PlanClient], quotas: Quotas) -> Affected:
    """Who would be over these quotas if they applied to everybody now, the furthest over first."""
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
    """The quotas of a client who has the plan since `joined_at`, by all the plan's changes, oldest first."""
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
    """Remember to whom changed quotas apply. Raises ChoiceNeeded when clients have the plan and nobody has chosen."""
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
    """Everybody who is entitled to the plan now, however they came by it, and how much they use."""
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
    """How many clients of a mode have each plan, by plan id. Plans that nobody has are left out."""
    rows = session.execute(
        select(Entitlement.plan_id, func.count(Entitlement.id))
        .join(Client, Client.id == Entitlement.client_id)
        .where(Client.mode == mode, Client.archived_at.is_(None), Entitlement.plan_id.is_not(None))
        .group_by(Entitlement.plan_id)
    )
    return {plan_id: number for plan_id, number in rows if plan_id is not None}
