"""The stored prices that plans link to, and whether each can be sold now."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Meter, PlanPrice, Price, Product


@dataclass(frozen=True)
class HeldPrice:
    """A stored price with its product and, for a metered price, its meter."""

    price: Price
    product: Product | None
    meter: Meter | None

    @property
    def trouble(self) -> str | None:
        """Why the price cannot be sold now, in words; None when it can."""
        if self.price.deleted_at is not None:
            return f"The price {self.price.stripe_price_id} was deleted in Stripe."
        if not self.price.active:
            return f"The price {self.price.stripe_price_id} is archived in Stripe."
        if self.product is not None and (not self.product.active or self.product.deleted_at is not None):
            return f"The product “{self.product.name}” is archived in Stripe."
        if self.meter is not None and self.meter.status != "active":
            return f"The meter “{self.meter.display_name}” is inactive in Stripe."
        return None


Held = dict[tuple[int, str], HeldPrice]


def prices_of(session: Session, links: Iterable[PlanPrice]) -> Held:
    """The stored prices, products and meters of the links, by account and price id."""
    wanted = {link.stripe_price_id for link in links}
    accounts = {link.processor_account_id for link in links}
    if not wanted:
        return {}
    rows = session.execute(
        select(Price, Product, Meter)
        .outerjoin(
            Product,
            (Product.processor_account_id == Price.processor_account_id)
            & (Product.stripe_product_id == Price.stripe_product_id),
        )
        .outerjoin(
            Meter,
            (Meter.processor_account_id == Price.processor_account_id)
            & (Meter.stripe_meter_id == Price.stripe_meter_id),
        )
        .where(Price.processor_account_id.in_(accounts), Price.stripe_price_id.in_(wanted))
    )
    return {
        (price.processor_account_id, price.stripe_price_id): HeldPrice(price, product, meter)
        for price, product, meter in rows
    }
