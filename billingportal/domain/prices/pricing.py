"""Computes what a price charges for a quantity, as Stripe does, line by line. Pure: no database, no Stripe, no clock.

Source of the rules: Stripe, "Pricing models" and "Supported currencies". Each line is rounded once, to the minor
unit, halves up. Every amount here is an estimate; what Stripe invoices is the truth.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from billingportal.money import Money, round_minor

Quantity = int | Decimal
LineKind = Literal["units", "packages", "tier", "tier fee"]
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Tier:
    """Starts after the previous tier and ends with unit `up_to`; None is without end. Amounts in minor units."""

    up_to: int | None
    unit_amount: Decimal = NOTHING
    flat_amount: Decimal = NOTHING


@dataclass(frozen=True)
class Package:
    """Sold in bundles of `size`; a part of a bundle counts as one (`up`) or not at all (`down`)."""

    size: int
    rounding: Literal["up", "down"]


@dataclass(frozen=True)
class Terms:
    """The charges of a price in one currency: either `unit_amount`, perhaps per package, or tiers in a mode."""

    currency: str
    unit_amount: Decimal = NOTHING
    package: Package | None = None
    tiers: tuple[Tier, ...] = ()
    tiers_mode: Literal["volume", "graduated"] | None = None


@dataclass(frozen=True)
class Line:
    """One step of the computation.

    `quantity` is how many units, packages or fees are charged at `each` (minor units, may be a fraction).
    For a tier, `first` and `last` say which units of it were reached; in an open tier, `last` is the quantity.
    """

    kind: LineKind
    quantity: Decimal
    each: Decimal
    amount: Money
    tier: int | None = None
    first: int | None = None
    last: Decimal | None = None


def lines(terms: Terms, quantity: Quantity) -> tuple[Line, ...]:
    """The computation for a quantity of units bought or used. Raises ValueError for a negative one."""
    asked = Decimal(quantity)
    if asked < 0:
        raise ValueError("a quantity cannot be negative")
    if terms.tiers_mode == "volume":
        return tuple(volume_lines(terms, asked))
    if terms.tiers_mode == "graduated":
        return tuple(graduated_lines(terms, asked))
    if terms.package is not None:
        return (charge(terms, "packages", packages(terms.package, asked), terms.unit_amount),)
    return (charge(terms, "units", asked, terms.unit_amount),)


def total(found: Iterable[Line], currency: str) -> Money:
    """The sum of the lines, which are rounded already: recomputing it from quantity and price would differ."""
    return sum((line.amount for line in found), Money(0, currency))


def amount(terms: Terms, quantity: Quantity) -> Money:
    """The total charge for a quantity."""
    return total(lines(terms, quantity), terms.currency)


def charge(terms: Terms, kind: LineKind, quantity: Decimal, each: Decimal) -> Line:
    return Line(kind, quantity, each, Money(round_minor(quantity * each), terms.currency))


def packages(package: Package, quantity: Decimal) -> Decimal:
    rounding = ROUND_CEILING if package.rounding == "up" else ROUND_FLOOR
    return (quantity / package.size).to_integral_value(rounding)


def volume_lines(terms: Terms, quantity: Decimal) -> Iterator[Line]:
    """All units at the price of the tier that the whole quantity falls into."""
    position = next(place for place, tier in enumerate(terms.tiers) if tier.up_to is None or quantity <= tier.up_to)
    yield from tier_lines(terms, position, quantity, 1, quantity)


def graduated_lines(terms: Terms, quantity: Decimal) -> Iterator[Line]:
    """Each unit at the price of the tier that it falls into, and the flat amount of every tier reached.

    The first tier is always reached: its flat amount is charged for a quantity of 0, too.
    """
    below = 0
    for position, tier in enumerate(terms.tiers):
        last = quantity if tier.up_to is None else min(quantity, Decimal(tier.up_to))
        if last <= below and position > 0:
            return
        yield from tier_lines(terms, position, max(last - below, NOTHING), below + 1, last)
        below = tier.up_to or below


def tier_lines(terms: Terms, position: int, quantity: Decimal, first: int, last: Decimal) -> Iterator[Line]:
    """A line for the units and a line for the flat amount, where each is charged; at least one line."""
    tier = terms.tiers[position]
    units = Money(round_minor(quantity * tier.unit_amount), terms.currency)
    if tier.unit_amount or not tier.flat_amount:
        yield Line("tier", quantity, tier.unit_amount, units, position, first, last)
    if tier.flat_amount:
        flat = Money(round_minor(tier.flat_amount), terms.currency)
        yield Line("tier fee", Decimal(1), tier.flat_amount, flat, position, first, last)


@dataclass(frozen=True)
class Cliff:
    """A boundary of volume tiers at which one more unit makes the whole cheaper."""

    up_to: int
    total_at: Money
    total_after: Money


def cliffs(terms: Terms) -> tuple[Cliff, ...]:
    """Where a client who buys one unit more pays less in total. Only volume tiers can do that."""
    if terms.tiers_mode != "volume":
        return ()
    ends = [tier.up_to for tier in terms.tiers if tier.up_to is not None]
    found = (Cliff(end, amount(terms, end), amount(terms, end + 1)) for end in ends)
    return tuple(cliff for cliff in found if cliff.total_after < cliff.total_at)
