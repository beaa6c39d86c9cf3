"""Describes subscription items whose price belongs to no plan here."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.plan_changes.item_matching import HeldItem
from billingportal.domain.prices.price_text import period_words, price_words
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import Price, Product


def item_words(session: Session, account_id: int, currency: str, items: Sequence[HeldItem]) -> tuple[str, ...]:
    """For each item its number, product and price, as in "2 × Support, US$5.00 a month"; its price's id where the
    price is not stored."""
    wanted = [item.stripe_price_id for item in items]
    rows = session.execute(
        select(Price, Product.name)
        .outerjoin(
            Product,
            (Product.processor_account_id == Price.processor_account_id)
            & (Product.stripe_product_id == Price.stripe_product_id),
        )
        .where(Price.processor_account_id == account_id, Price.stripe_price_id.in_(wanted))
    )
    known = {price.stripe_price_id: words_of(price, name, currency) for price, name in rows}
    return tuple(
        f"{f'{item.quantity} × ' if (item.quantity or 1) > 1 else ''}"
        f"{known.get(item.stripe_price_id, item.stripe_price_id)}"
        for item in items
    )


def words_of(price: Price, name: str | None, currency: str) -> str:
    try:
        terms = terms_of(price, currency)
    except LookupError:
        return name or price.stripe_price_id
    words = price_words(terms, period_words(price.interval, price.interval_count), is_metered=is_metered(price))
    return f"{name}, {words}" if name else words
