"""Matches a subscription's prices to a plan and to quantities of resources."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements.facts import Composition, PlanFacts
from billingportal.domain.entitlements.paid_state import Items
from billingportal.models import Checkout, PlanChange, PlanPrice, Price


def links_of(session: Session, account_id: int, items: Items) -> Sequence[PlanPrice]:
    """The links of all plans to these prices, oldest first."""
    return session.scalars(
        select(PlanPrice)
        .where(PlanPrice.processor_account_id == account_id, PlanPrice.stripe_price_id.in_(list(items)))
        .order_by(PlanPrice.id)
    ).all()


def products_of_plans(session: Session, account_id: int) -> set[str]:
    """The ids at Stripe of the products that any plan sells or sold."""
    found = (
        select(Price.stripe_product_id)
        .join(
            PlanPrice,
            (PlanPrice.processor_account_id == Price.processor_account_id)
            & (PlanPrice.stripe_price_id == Price.stripe_price_id),
        )
        .where(Price.processor_account_id == account_id)
    )
    return set(session.scalars(found))


def plan_id_of(links: Sequence[PlanPrice], items: Items, wanted: Sequence[int]) -> int | None:
    """The plan these prices belong to. Licensed prices decide; metered prices only when there are no others.

    Copied plans share their prices. Then the plan that was bought, or applied before, counts (`wanted`, by
    priority), else the plan that was linked first.
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
    """The ids of the plans bought with this subscription: plan changes, newest first, then checkouts."""
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
    """The composition of the items: their plan, and the resource quantities bought."""
    plan_id = plan.plan_id if plan else None
    bought = {
        link.resource_id: items[link.stripe_price_id] or 0
        for link in links
        if link.plan_id == plan_id and link.role == "quantity" and link.resource_id is not None
    }
    return Composition(plan, dict(items), bought)
