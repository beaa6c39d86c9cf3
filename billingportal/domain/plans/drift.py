"""Differences between a plan's price as it was linked and the same price at Stripe now.

A price's amounts in its own currency never change. Its archived state, its lookup key, its product's name and its
amounts in other currencies can.
"""

from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.prices.price_text import period_words, price_words
from billingportal.domain.prices.stored_prices import held_by_id, meter_of, product_of
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import PlanPrice, Price
from billingportal.plain_json import JsonObject

RepairKind = Literal["unarchive_price", "unarchive_product", "reactivate_meter", "link_other", "accept", "unlink"]


@dataclass(frozen=True)
class Repair:
    """The repair of a drift. `words` label the button; `stripe_price_id` is the price to link instead."""

    kind: RepairKind
    words: str
    stripe_price_id: str | None = None


@dataclass(frozen=True)
class Drift:
    """One difference between then and now. `stops_sale`: until it is repaired the price is not sold."""

    words: str
    repair: Repair
    stops_sale: bool


def linked_as(session: Session, price: Price) -> JsonObject:
    """A snapshot of those fields of the price, product and meter that can change at Stripe and matter to a plan."""
    product, meter = product_of(session, price), meter_of(session, price)
    return {
        "lookup_key": price.lookup_key,
        "product_name": product.name if product else None,
        "meter_name": meter.display_name if meter else None,
        "currency_options": price.currency_options,
    }


def drift(session: Session, plan_price: PlanPrice) -> list[Drift]:
    """Every difference since the price was linked; those that stop its sale come first."""
    price = held_by_id(session, plan_price.processor_account_id, plan_price.stripe_price_id)
    if price is None or price.deleted_at is not None:
        words = f"{plan_price.stripe_price_id} is no longer there in Stripe."
        return [Drift(words, Repair("unlink", "Remove the link"), stops_sale=True)]
    then = plan_price.linked_as
    stopped = [price_stopped(price), product_stopped(session, price), meter_stopped(session, price)]
    changed = [
        key_moved(session, price, then),
        product_renamed(session, price, then),
        meter_renamed(session, price, then),
        amounts_changed(price, then),
    ]
    return [found for found in (*stopped, *changed) if found is not None]


def price_stopped(price: Price) -> Drift | None:
    if price.active:
        return None
    words = "The price was archived in Stripe. Clients who pay it go on, nobody new can buy it."
    return Drift(words, Repair("unarchive_price", "Unarchive it in Stripe"), stops_sale=True)


def product_stopped(session: Session, price: Price) -> Drift | None:
    product = product_of(session, price)
    if product is None or product.deleted_at is not None:
        words = "The product of this price was deleted in Stripe."
        return Drift(words, Repair("unlink", "Remove the link"), stops_sale=True)
    if product.active:
        return None
    words = f"The product {product.name} was archived in Stripe, so its prices cannot be sold."
    return Drift(words, Repair("unarchive_product", "Unarchive it in Stripe"), stops_sale=True)


def meter_stopped(session: Session, price: Price) -> Drift | None:
    meter = meter_of(session, price)
    if meter is None or meter.status == "active":
        return None
    words = f"The meter {meter.display_name} was deactivated in Stripe, so use is not counted."
    return Drift(words, Repair("reactivate_meter", "Reactivate it in Stripe"), stops_sale=True)


def key_moved(session: Session, price: Price, then: JsonObject) -> Drift | None:
    """A moved or removed lookup key. The price stays linked until staff decide whether the plan follows the key."""
    key = then.get("lookup_key")
    if key is None or price.lookup_key == key:
        return None
    holder = session.scalar(
        select(Price).where(
            Price.processor_account_id == price.processor_account_id,
            Price.lookup_key == key,
            Price.active,
            Price.deleted_at.is_(None),
        )
    )
    if holder is None:
        words = f"The lookup key {key} was taken from this price. The plan still sells it."
        return Drift(words, Repair("accept", "Keep this price"), stops_sale=False)
    words = (
        f"The lookup key {key} moved to {holder.stripe_price_id} ({in_words(holder)}). The plan still sells this one."
    )
    return Drift(words, Repair("link_other", f"Sell {in_words(holder)}", holder.stripe_price_id), stops_sale=False)


def in_words(price: Price) -> str:
    period = period_words(price.interval, price.interval_count)
    return price_words(terms_of(price), period, is_metered=is_metered(price))


def product_renamed(session: Session, price: Price, then: JsonObject) -> Drift | None:
    product, name = product_of(session, price), then.get("product_name")
    if product is None or name is None or product.name == name:
        return None
    words = f"The product {name} is called {product.name} now, at checkout and on invoices."
    return Drift(words, Repair("accept", "That is right"), stops_sale=False)


def meter_renamed(session: Session, price: Price, then: JsonObject) -> Drift | None:
    meter, name = meter_of(session, price), then.get("meter_name")
    if meter is None or name is None or meter.display_name == name:
        return None
    words = f"The meter {name} is called {meter.display_name} now."
    return Drift(words, Repair("accept", "That is right"), stops_sale=False)


def amounts_changed(price: Price, then: JsonObject) -> Drift | None:
    """Amounts in other currencies can be changed at Stripe, even while clients pay the price."""
    options = then.get("currency_options")
    if not isinstance(options, dict):
        return None
    before, after = money_of(options), money_of(price.currency_options)
    names = sorted(name.upper() for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if not names:
        return None
    words = f"What the price costs in {' and '.join(names)} was changed in Stripe."
    return Drift(words, Repair("accept", "Sell it so"), stops_sale=False)


def money_of(options: JsonObject) -> JsonObject:
    """The amounts of each currency, without the tax behaviour, which may be set later."""
    return {
        name: [cast(JsonObject, option).get("unit_amount_decimal"), cast(JsonObject, option).get("tiers")]
        for name, option in options.items()
    }
