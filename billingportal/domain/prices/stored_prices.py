"""Finds stored prices, with their product and meter."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Meter, Price, Product


def held_by_id(session: Session, account_id: int, stripe_price_id: str) -> Price | None:
    return session.scalar(
        select(Price).where(Price.processor_account_id == account_id, Price.stripe_price_id == stripe_price_id)
    )


def product_of(session: Session, price: Price) -> Product | None:
    return session.scalar(
        select(Product).where(
            Product.processor_account_id == price.processor_account_id,
            Product.stripe_product_id == price.stripe_product_id,
        )
    )


def meter_of(session: Session, price: Price) -> Meter | None:
    if price.stripe_meter_id is None:
        return None
    return session.scalar(
        select(Meter).where(
            Meter.processor_account_id == price.processor_account_id, Meter.stripe_meter_id == price.stripe_meter_id
        )
    )
