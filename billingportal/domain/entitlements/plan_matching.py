"""Which plan the prices of a subscription mean, and which numbers of resources they sell."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements.facts import Composition, PlanFacts
from billingportal.domain.entitlements.paid_state import Items
from billingportal.models import Checkout, PlanChange, PlanPrice


def links_of(session: Session, account_id: int, items: Items) -> Sequence[PlanPrice]:
    """The links of all plans to these prices, the first linked first."""
    return session.scalars(
        select(PlanPrice)
        .where(PlanPrice.processor_account_id == account_id, PlanPrice.stripe_price_id.in_(list(items)))
        .order_by(PlanPrice.id)
    ).all()


def plan_id_of(links: Sequence[PlanPrice], items: Items, wanted: Sequence[int]) -> int | None:
    """The plan that the prices mean. What is paid ahead decides; prices for use alone do where there is nothing else.

    Copied plans share their prices. Then the plan that was bought, or is held already, counts (`wanted`, the most
    telling first), else the one that was linked first.
    """
    ahead = [link for link in links if link.role != "usage"]
    telling = ahead or list(links)
    prices = {link.stripe_price_id for link in telling}
    by_plan: dict[int, set[str]] = {}
    for link in telling:
        by_plan.setdefault(link.plan_id, set()).add(link.stripe_price_id)
    whole = [plan_id for plan_id, found in by_plan.items() if found == prices & items.keys()]
    candidates = whole or list(by_plan)
    return next((plan_id for plan_id in wanted if plan_id in candidates), next(iter(candidates), None))


def wanted_plans(session: Session, client_id: int, stripe_subscription_id: str) -> list[int]:
    """The plans that were bought by this subscription, the last change first."""
    moved = session.scalars(
        select(PlanChange.to_plan_id)
        .where(
            PlanChange.client_id == client_id,
            PlanChange.stripe_subscription_id == stripe_subscription_id,
            PlanChange.state.in_(("intended", "waiting", "scheduled", "done")),
        )
        .order_by(PlanChange.id.desc())
    ).all()
    bought = session.scalars(
        select(Checkout.plan_id)
        .where(Checkout.client_id == client_id, Checkout.stripe_subscription_id == stripe_subscription_id)
        .order_by(Checkout.id.desc())
    ).all()
    return [*moved, *bought]


def composition(links: Sequence[PlanPrice], items: Items, plan: PlanFacts | None) -> Composition:
    """What the items mean: the plan, and what is bought by number."""
    plan_id = plan.plan_id if plan else None
    bought = {
        link.resource_id: items[link.stripe_price_id] or 0
        for link in links
        if link.plan_id == plan_id and link.role == "quantity" and link.resource_id is not None
    }
    return Composition(plan, dict(items), bought)
