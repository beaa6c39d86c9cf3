"""The prices by which a subscription bills the use of resources."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.prices.price_text import charge_words, package_words
from billingportal.domain.prices.pricing import Terms
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import PlanPrice, Price, Subscription
from billingportal.money import text_of


def usage_terms(session: Session, subscription: Subscription | None) -> dict[int, Terms]:
    """The terms of the metered prices by resource id, in the subscription's currency. One query.

    A price that its plan no longer sells is found too: the subscription still pays it. A price without this currency
    is left out.
    """
    if subscription is None or not subscription.items:
        return {}
    rows = session.execute(
        select(PlanPrice.resource_id, Price)
        .join(
            Price,
            (Price.processor_account_id == PlanPrice.processor_account_id)
            & (Price.stripe_price_id == PlanPrice.stripe_price_id),
        )
        .where(
            PlanPrice.processor_account_id == subscription.processor_account_id,
            PlanPrice.stripe_price_id.in_([item.stripe_price_id for item in subscription.items]),
            PlanPrice.role == "usage",
        )
        .order_by(PlanPrice.id)
    )
    found: dict[int, Terms] = {}
    for resource_id, price in rows:
        if resource_id is not None and is_metered(price) and has_currency(price, subscription.currency):
            found[resource_id] = terms_of(price, subscription.currency)
    return found


def has_currency(price: Price, currency: str) -> bool:
    return currency == price.currency or currency in price.currency_options


def charge_after(terms: Terms, number: int, units: str) -> str:
    """What each unit after this number is charged: "$0.004 each". With tiers, by the tier of the next unit."""
    if terms.tiers:
        return charge_words(
            next(tier for tier in terms.tiers if tier.up_to is None or number < tier.up_to), terms.currency
        )
    each = text_of(terms.unit_amount, terms.currency)
    return f"{each} {package_words(terms.package, units)}" if terms.package else f"{each} each"
