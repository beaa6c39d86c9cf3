"""A client's selection of a plan (period, currency, quantities) and the Stripe prices it maps to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.offers import offers
from billingportal.domain.offers.offers import OfferedPrice, Period, length
from billingportal.domain.offers.quantities import MOST
from billingportal.domain.prices.price_text import period_words
from billingportal.errors import Refusal
from billingportal.models import Plan, PlanPrice, Price, Subscription
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.plan_price import PriceRole
from billingportal.plain_json import Json, JsonObject


@dataclass(frozen=True)
class Selection:
    """A chosen way to pay for a plan. `quantities` are by resource key, for resources sold by quantity."""

    period: Period
    currency: str
    quantities: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        interval, count = self.period
        quantities: dict[str, Json] = dict(sorted(self.quantities.items()))
        return {"interval": interval, "interval_count": count, "currency": self.currency, "quantities": quantities}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Selection":
        period = (str(stored["interval"]), cast(int, stored["interval_count"]))
        return cls(period, str(stored["currency"]), cast(dict[str, int], stored["quantities"]))


@dataclass(frozen=True)
class ChosenItem:
    """One price to subscribe to. `quantity` is None for a metered price, which takes none."""

    stripe_price_id: str
    quantity: int | None
    role: PriceRole
    resource_id: int | None


def items(session: Session, plan: Plan, selection: Selection, mode: Mode) -> list[ChosenItem]:
    """The prices and quantities of a selection; none for a free plan. Raises Refusal when it is not for sale."""
    offer = offers.offer(session, plan, mode)
    if not offer.is_for_sale or (plan.is_on_request and not offer.choices):
        raise Refusal("plan", f"{plan.name} is not for sale now. Choose another plan.")
    if offer.is_free:
        return []
    choice = offer.choice(selection.period)
    if choice is None:
        words = period_words(*selection.period)
        raise Refusal("interval", f"{plan.name} cannot be paid {words} any more. Choose how to pay again.")
    if selection.currency not in choice.currencies:
        currency = selection.currency.upper()
        raise Refusal("currency", f"{plan.name} cannot be paid in {currency}. Choose another currency.")
    return [chosen_item(offered, selection) for offered in choice.prices]


def chosen_item(offered: OfferedPrice, selection: Selection) -> ChosenItem:
    resource_id = offered.resource.id if offered.resource else None
    return ChosenItem(offered.price.stripe_price_id, quantity_of(offered, selection), offered.role, resource_id)


def quantity_of(offered: OfferedPrice, selection: Selection) -> int | None:
    """The quantity to subscribe to; None for a usage price. Raises Refusal for a number outside 1 to MOST."""
    if offered.role == "usage":
        return None
    if offered.role == "flat" or offered.resource is None:
        return 1
    number = selection.quantities.get(offered.resource.key, 0)
    if not 1 <= number <= MOST:
        raise Refusal("quantity", f"Say how many {offered.resource.unit}: a whole number from 1 to {MOST:,}.")
    return number


def selection_of(session: Session, links: Mapping[str, PlanPrice], subscription: Subscription) -> Selection:
    """The selection that a running subscription has, even when its prices are no longer sold. `links`: those by which
    its plan sold it, by price id."""
    quantities = {
        link.resource.key: item.quantity
        for item in subscription.items
        if (link := links.get(item.stripe_price_id)) and link.resource and link.role == "quantity" and item.quantity
    }
    return Selection(period_of(session, subscription, links), subscription.currency, quantities)


def period_of(session: Session, subscription: Subscription, links: Mapping[str, PlanPrice]) -> Period:
    """The longest period of the prices paid in advance; of all the prices when none is."""
    wanted = [item.stripe_price_id for item in subscription.items]
    prices = session.scalars(
        select(Price).where(
            Price.processor_account_id == subscription.processor_account_id, Price.stripe_price_id.in_(wanted)
        )
    ).all()
    ahead = [price for price in prices if (link := links.get(price.stripe_price_id)) and link.role != "usage"]
    periods = [(price.interval or "month", price.interval_count or 1) for price in ahead or prices]
    return max(periods, key=length, default=("month", 1))
