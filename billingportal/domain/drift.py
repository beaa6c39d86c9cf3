"""What a plan was linked to, and what became of it at Stripe since."""

from sqlalchemy.orm import Session

from billingportal.domain.catalog import meter_of, product_of
from billingportal.models import Price
from billingportal.plain_json import JsonObject


def linked_as(session: Session, price: Price) -> JsonObject:
    """How the price, its product and its meter are now: all of them that can change at Stripe and matters to a plan."""
    product, meter = product_of(session, price), meter_of(session, price)
    return {
        "lookup_key": price.lookup_key,
        "product_name": product.name if product else None,
        "meter_name": meter.display_name if meter else None,
        "currency_options": price.currency_options,
    }
