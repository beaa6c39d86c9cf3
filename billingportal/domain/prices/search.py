"""Finds the choices in the account's catalog: prices to link, products and meters for new prices."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from billingportal.models import Meter, Price, Product

MOST_FOUND = 50


@dataclass(frozen=True)
class PriceSummary:
    """A price that could be linked, with its product."""

    price: Price
    product: Product


def search_prices(session: Session, account_id: int, words: str) -> list[PriceSummary]:
    """The sellable prices that have all the words in their product, nickname, lookup key or id; newest first."""
    inactive_meters = select(Meter.stripe_meter_id).where(
        Meter.processor_account_id == account_id, Meter.status != "active"
    )
    statement = (
        select(Price, Product)
        .join(
            Product,
            (Product.processor_account_id == Price.processor_account_id)
            & (Product.stripe_product_id == Price.stripe_product_id),
        )
        .where(Price.processor_account_id == account_id, Price.type == "recurring", ~Price.is_custom_amount)
        .where(Price.active, Price.deleted_at.is_(None), Product.active, Product.deleted_at.is_(None))
        .where(or_(Price.stripe_meter_id.is_(None), Price.stripe_meter_id.not_in(inactive_meters)))
        .where(or_(Price.usage_type != "metered", Price.stripe_meter_id.is_not(None)))
    )
    searched = (Product.name, Price.nickname, Price.lookup_key, Price.stripe_price_id)
    for word in words.lower().split():
        statement = statement.where(or_(*(func.lower(column).contains(word, autoescape=True) for column in searched)))
    newest_first = statement.order_by(Price.created_at.desc(), Price.id.desc()).limit(MOST_FOUND)
    return [PriceSummary(price, product) for price, product in session.execute(newest_first)]


@dataclass(frozen=True)
class Choices:
    """The account's active products and meters, each as id and name."""

    products: list[tuple[str, str]]
    meters: list[tuple[str, str]]


def choices(session: Session, account_id: int) -> Choices:
    """The products and meters that a new price can use, sorted by name."""
    products = session.execute(
        select(Product.stripe_product_id, Product.name)
        .where(Product.processor_account_id == account_id, Product.active, Product.deleted_at.is_(None))
        .order_by(func.lower(Product.name), Product.id)
    )
    meters = session.execute(
        select(Meter.stripe_meter_id, Meter.display_name)
        .where(Meter.processor_account_id == account_id, Meter.status == "active", Meter.deleted_at.is_(None))
        .order_by(func.lower(Meter.display_name), Meter.id)
    )
    return Choices([(row[0], row[1]) for row in products], [(row[0], row[1]) for row in meters])
