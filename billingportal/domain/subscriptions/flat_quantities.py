"""Flat prices that a subscription has another number of than one: the portal sells one, Stripe takes any number."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.prices.pricing import amount
from billingportal.domain.prices.terms import terms_of
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import Plan, PlanPrice, Price, Subscription
from billingportal.money import Money


@dataclass(frozen=True)
class FlatQuantity:
    """A flat price with `quantity` at Stripe. `due` is charged for it each period; 0 for quantity 0, as a rule."""

    plan_name: str
    quantity: int
    due: Money

    @property
    def title(self) -> str:
        return f"Quantity of {self.plan_name} is {self.quantity} at Stripe"

    @property
    def words(self) -> str:
        if self.quantity == 0:
            return f"The client has the plan, and {self.due} is charged for it. Set the quantity to 1 in Stripe."
        return f"The plan is charged {self.quantity} times: {self.due} for each period."


def odd_quantities(session: Session, subscription: Subscription) -> list[FlatQuantity]:
    """The flat prices of a running subscription whose quantity is not 1."""
    odd = {item.stripe_price_id: item.quantity for item in subscription.items if item.quantity not in (None, 1)}
    if not odd or subscription.status not in LIVE_STATUSES:
        return []
    rows = session.execute(
        select(Price, Plan.name)
        .join(
            PlanPrice,
            (PlanPrice.processor_account_id == Price.processor_account_id)
            & (PlanPrice.stripe_price_id == Price.stripe_price_id),
        )
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(
            Price.processor_account_id == subscription.processor_account_id,
            Price.stripe_price_id.in_(odd),
            PlanPrice.role == "flat",
        )
        .order_by(PlanPrice.id.desc())
    )
    found = {price.stripe_price_id: (price, name) for price, name in rows}
    return [
        FlatQuantity(name, odd[price_id] or 0, amount(terms_of(price, subscription.currency), odd[price_id] or 0))
        for price_id, (price, name) in found.items()
        if subscription.currency == price.currency or subscription.currency in price.currency_options
    ]
