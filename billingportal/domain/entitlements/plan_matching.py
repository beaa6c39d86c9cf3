"""Matches a subscription's prices to the plan and the quantities of resources that were bought with them."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements.facts import Composition, PlanFacts
from billingportal.domain.entitlements.paid_state import Items
from billingportal.domain.plans.bought_links import (
    Bought,
    BoughtLinks,
    bought_links,
    links_to,
    priced_at,
    purchases_of,
)
from billingportal.models import PlanPrice, Price, Subscription


def links_of(
    session: Session,
    client_id: int,
    subscription: Subscription,
    price_ids: Iterable[str],
    held_plan_id: int | None = None,
) -> BoughtLinks:
    """The plan and the links by which a client's subscription was sold these prices."""
    links = links_to(session, subscription.processor_account_id, price_ids)
    bought = Bought(
        priced_at(subscription, (link.stripe_price_id for link in links)),
        purchases_of(session, client_id, subscription.stripe_subscription_id),
        held_plan_id,
    )
    return bought_links(links, bought)


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


def composition(links: BoughtLinks, items: Items, plan: PlanFacts | None) -> Composition:
    """The composition of the items: their plan, and the resource quantities bought."""
    bought = {
        link.resource_id: items[price_id] or 0
        for price_id, link in links.of_plan.items()
        if link.role == "quantity" and link.resource_id is not None
    }
    return Composition(plan, dict(items), bought)
