"""Checks whether a plan can sell a price, and says why not."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from billingportal.domain.prices.references import FIELD
from billingportal.domain.prices.stored_prices import meter_of, product_of
from billingportal.errors import Refusal
from billingportal.models import Price


def refuse_unsellable(session: Session, price: Price, plan_currencies: Collection[str] = ()) -> None:
    """Raises Refusal when the price cannot be sold, or not together with the plan's other prices."""
    words = trouble(session, price)
    if words is not None:
        raise Refusal(FIELD, words)
    if plan_currencies and price.currency not in plan_currencies:
        others = " and ".join(sorted(name.upper() for name in plan_currencies))
        own = price.currency.upper()
        raise Refusal(
            FIELD,
            f"This price is in {own}, the plan's other prices are in {others}. One subscription has one currency: "
            f"paste a price in {others}. It can offer {own} too, as another currency of the same price.",
        )


def trouble(session: Session, price: Price) -> str | None:
    """Why the price cannot be sold, in words; None when it can."""
    return own_trouble(price) or product_trouble(session, price) or meter_trouble(session, price)


def own_trouble(price: Price) -> str | None:
    """Why the price itself cannot be sold by a plan, in words."""
    if price.deleted_at is not None:
        return "This price was deleted in Stripe. Create a new one and paste its ID."
    if not price.active:
        return "This price is archived. Unarchive it in Stripe, or paste an active one."
    if price.is_custom_amount:
        return "Customers choose the amount of this price themselves. A plan needs a price with an amount of its own."
    if price.type != "recurring":
        return "This is a one-time price. A plan needs one that recurs, every month for example."
    if price.usage_type == "metered" and price.stripe_meter_id is None:
        return "This price bills usage without a meter, which Stripe gave up. Create one that uses a meter."
    return None


def product_trouble(session: Session, price: Price) -> str | None:
    product = product_of(session, price)
    if product is None:
        return None
    if product.deleted_at is not None:
        return "The product of this price was deleted in Stripe."
    if not product.active:
        return f"The product of this price, {product.name}, is archived. Unarchive it in Stripe first."
    return None


def meter_trouble(session: Session, price: Price) -> str | None:
    meter = meter_of(session, price)
    if meter is None or meter.status == "active":
        return None
    return f"The meter of this price, {meter.display_name}, is inactive: usage would not be counted. Reactivate it."
