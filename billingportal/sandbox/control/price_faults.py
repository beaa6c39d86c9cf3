"""Planted faults of prices and meters: the stored object has other terms, and no event tells of it."""

from collections.abc import Callable
from decimal import Decimal

from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import copied

Fault = Callable[[Document, Document], None]


def swap_tier_mode(price: Document, given: Document) -> None:
    """Graduated tiers become volume tiers, and the other way around."""
    price["tiers_mode"] = {"graduated": "volume", "volume": "graduated"}[price["tiers_mode"]]


def move_tier_end(price: Document, given: Document) -> None:
    """A tier ends one unit later: {tier?, by?}, the first and 1 unless said."""
    for part in amounts(price):
        part["tiers"][int(given.get("tier", 0))]["up_to"] += int(given.get("by", 1))


def move_unit_amount(price: Document, given: Document) -> None:
    """A unit, or a unit of the first tier, costs one minor unit more: {by?}, 1 unless said."""
    for part in amounts(price):
        priced = part["tiers"][0] if price["billing_scheme"] == "tiered" else part
        moved = Decimal(priced["unit_amount_decimal"] or 0) + Decimal(str(given.get("by", 1)))
        priced["unit_amount_decimal"] = format(moved, "f")
        priced["unit_amount"] = int(moved) if moved == moved.to_integral_value() else None


def drop_flat_fee(price: Document, given: Document) -> None:
    """No tier has a flat amount. Raises ValueError where none had one."""
    tiers = [tier for part in amounts(price) for tier in part["tiers"]]
    if not any(tier["flat_amount"] for tier in tiers):
        raise ValueError("the price has no flat fee")
    for tier in tiers:
        tier.update(flat_amount=None, flat_amount_decimal=None)
        if tier["unit_amount_decimal"] is None:
            tier.update(unit_amount=0, unit_amount_decimal="0")


def round_otherwise(price: Document, given: Document) -> None:
    """Begun packages are given away instead of billed, or the other way around."""
    package = price["transform_quantity"]
    package["round"] = {"up": "down", "down": "up"}[package["round"]]


def swap_currency(price: Document, given: Document) -> None:
    """Two currencies have each other's amounts: {currency?}, else the first option. A price without options has
    another currency.
    """
    own, options = price["currency"], price["currency_options"]
    other = given.get("currency") or next((name for name in options if name != own), "eur" if own == "usd" else "usd")
    if other in options:
        options[own], options[other] = options[other], options[own]
        price.update(copied(options[own]))
    else:
        price.update(currency=other, currency_options={other: options[own]})


def swap_interval(price: Document, given: Document) -> None:
    """A monthly price is yearly; any other is monthly."""
    price["recurring"]["interval"] = "year" if price["recurring"]["interval"] == "month" else "month"


def deactivate(meter: Document, given: Document) -> None:
    """The meter takes no events."""
    meter["status"] = "inactive"


def take_last(meter: Document, given: Document) -> None:
    """The meter keeps the last value in place of the sum."""
    meter["default_aggregation"]["formula"] = "last"


def rename_value(meter: Document, given: Document) -> None:
    """The meter looks for the value under another key."""
    meter["value_settings"]["event_payload_key"] = "amount"


def amounts(price: Document) -> list[Document]:
    """The parts of a price that have amounts: itself, and its currencies, the base currency among them."""
    return [price, *price["currency_options"].values()]


OF_PRICES: dict[str, Fault] = {
    "currency_swapped": swap_currency,
    "flat_fee_missing": drop_flat_fee,
    "interval_swapped": swap_interval,
    "package_rounding_swapped": round_otherwise,
    "tier_end_moved": move_tier_end,
    "tier_mode_swapped": swap_tier_mode,
    "unit_amount_moved": move_unit_amount,
}
OF_METERS: dict[str, Fault] = {
    "meter_inactive": deactivate,
    "meter_takes_last": take_last,
    "value_key_wrong": rename_value,
}
