"""The cost of a quantity, line by line, in whole minor units. Pure arithmetic on a price as the API shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from billingportal.sandbox.http.wire import Document

ZERO = Decimal(0)


@dataclass(frozen=True)
class Charge:
    """One line: quantity, unit amount and the rounded amount; `flat` marks a tier's flat part."""

    quantity: Decimal
    unit_amount: Decimal
    amount: int
    note: str = ""


def rounded(amount: Decimal) -> int:
    """Round half up, once for each line."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def charges(price: Document, quantity: Decimal, currency: str) -> list[Charge]:
    """The lines for a quantity (never negative) of a price, in one of the price's currencies."""
    amounts = in_currency(price, currency)
    if price["billing_scheme"] == "tiered":
        spread = graduated if price["tiers_mode"] == "graduated" else volume
        return list(spread(amounts["tiers"], quantity))
    unit = Decimal(amounts["unit_amount_decimal"] or 0)
    package = price["transform_quantity"]
    if package is not None:
        rounding = ROUND_CEILING if package["round"] == "up" else ROUND_FLOOR
        packages = (quantity / package["divide_by"]).to_integral_value(rounding)
        return [Charge(packages, unit, rounded(unit * packages))]
    return [Charge(quantity, unit, rounded(unit * quantity))]


def in_currency(price: Document, currency: str) -> Document:
    """The part of a price with its amounts in a currency."""
    if currency == price["currency"]:
        return price
    option: Document = price["currency_options"][currency]
    return option


def volume(tiers: list[Document], quantity: Decimal) -> Iterator[Charge]:
    """Volume pricing: the tier of the whole quantity sets the price of every unit."""
    tier = next(tier for tier in tiers if tier["up_to"] is None or quantity <= tier["up_to"])
    yield from tier_charges(tier, quantity, "")


def graduated(tiers: list[Document], quantity: Decimal) -> Iterator[Charge]:
    """Each tier prices the units that fall into it; an unreached tier costs nothing, except the first."""
    below = ZERO
    for position, tier in enumerate(tiers):
        top = quantity if tier["up_to"] is None else min(quantity, Decimal(tier["up_to"]))
        if top <= below and position > 0:
            return
        yield from tier_charges(tier, top - below, f"Tier {position + 1}")
        below = top


def tier_charges(tier: Document, quantity: Decimal, note: str) -> Iterator[Charge]:
    """The line of a tier's units, and one for its flat amount if it has one."""
    unit = Decimal(tier["unit_amount_decimal"] or 0)
    yield Charge(quantity, unit, rounded(unit * quantity), note)
    flat = Decimal(tier["flat_amount_decimal"] or 0)
    if flat:
        yield Charge(ZERO, flat, rounded(flat), f"{note} flat fee".strip())


def total(price: Document, quantity: Decimal, currency: str) -> int:
    """The sum of the lines."""
    return sum(charge.amount for charge in charges(price, quantity, currency))
