"""Finds out how many units Stripe charged. Pure.

No line names them: a graduated price has a line for each tier, and a tier's fee a line with a quantity of its own.
Stripe does not document whether the line of a package price counts units or packages.
"""

from collections.abc import Iterator
from decimal import Decimal

from billingportal.domain.metering.explained.blocks import Block, total_quantity
from billingportal.domain.prices.pricing import Package, Terms, amount, packages
from billingportal.money import round_minor


def charged_units(block: Block, counted: int | None = None) -> Decimal | None:
    """The units by which the price comes to Stripe's amount; None where the lines do not tell them.

    `counted` decides where a package price's quantity means the same in units and in packages.
    """
    terms, charged = block.terms, block.amount.minor
    if terms is None:
        return None
    if terms.package is not None:
        return units_of_packages(terms, terms.package, total_quantity(block.lines), charged, counted)
    candidates = (quantity for quantity in quantities(block, terms) if quantity >= 0)
    return next((quantity for quantity in candidates if amount(terms, quantity).minor == charged), None)


def quantities(block: Block, terms: Terms) -> Iterator[Decimal]:
    """What the whole quantity may be: the sum of the lines, that without lines of fees, or that of each line."""
    yield total_quantity(block.lines)
    fees = {round_minor(tier.flat_amount) for tier in terms.tiers if tier.flat_amount}
    yield total_quantity(line for line in block.lines if not (line.amount_minor in fees and is_fee(line.quantity)))
    yield max((line.quantity or Decimal(0) for line in block.lines), default=Decimal(0))


def is_fee(quantity: Decimal | None) -> bool:
    return quantity is None or quantity in (0, 1)


def units_of_packages(
    terms: Terms, package: Package, quantity: Decimal, charged: int, counted: int | None
) -> Decimal | None:
    may_be_packages = round_minor(quantity * terms.unit_amount) == charged
    may_be_units = quantity >= 0 and amount(terms, quantity).minor == charged
    if counted is not None and may_be_packages and packages(package, Decimal(counted)) == quantity:
        return Decimal(counted)
    return quantity if may_be_units and not (may_be_packages and quantity) else None
