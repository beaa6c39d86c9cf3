"""A price in words that a client understands, one function for every model."""

from decimal import Decimal

from billingportal.domain.pricing import Terms, Tier, amount
from billingportal.money import text_of

ONE = {"day": "a day", "week": "a week", "month": "a month", "year": "a year"}


def period_words(interval: str | None, interval_count: int | None) -> str:
    """How often it is charged: "a month", "every 3 months", or "once"."""
    if interval is None:
        return "once"
    count = interval_count or 1
    return ONE[interval] if count == 1 else f"every {count} {interval}s"


def price_words(terms: Terms, period: str, units: str | None = None, *, is_metered: bool = False) -> str:
    """The whole price in one sentence.

    `units` names what is counted, in the plural ("contacts"); None for a price that is for the plan itself.
    """
    if terms.tiers_mode is not None:
        return tiered_words(terms, period, units or "units", is_metered=is_metered)
    each = text_of(terms.unit_amount, terms.currency)
    if terms.package is not None:
        started = "a started bundle counts in full" if terms.package.rounding == "up" else "only full bundles count"
        per = f"per {number(terms.package.size)} {units or 'units'}, {started}"
        return f"{each} {at(period, is_metered)} {per}"
    if units is None and not is_metered:
        return f"{each} {period}"
    return f"{each} {at(period, is_metered)} for each of the {units or 'units'}"


def at(period: str, is_metered: bool) -> str:
    return f"{period}, by use," if is_metered else period


def tiered_words(terms: Terms, period: str, units: str, *, is_metered: bool) -> str:
    """Volume says that one tier prices everything; graduated says "then", and what each tier prices."""
    least = text_of(Decimal(amount(terms, 1).minor), terms.currency)
    measure = "use" if is_metered else "number"
    steps = [tier_words(terms, place, units) for place in range(len(terms.tiers))]
    head = f"from {least} {period}, by {measure} of {units}: "
    if terms.tiers_mode == "volume":
        return head + "; ".join(steps) + f". The tier that all {units} fall into sets the price of each."
    return head + ", then ".join(steps) + f". Each tier's price is for the {units} inside it."


def tier_words(terms: Terms, place: int, units: str) -> str:
    tier = terms.tiers[place]
    first = 1 if place == 0 else (terms.tiers[place - 1].up_to or 0) + 1
    return f"{range_words(first, tier.up_to)} {charge_words(tier, terms.currency)}"


def range_words(first: int, last: int | None) -> str:
    """The units of a tier: "1 to 1,000", "from 5,001", or one number alone."""
    if last is None:
        return f"from {number(first)}"
    return number(first) if first == last else f"{number(first)} to {number(last)}"


def charge_words(tier: Tier, currency: str) -> str:
    """What a tier charges: for each unit, once, or both."""
    each, fee = text_of(tier.unit_amount, currency), text_of(tier.flat_amount, currency)
    if tier.unit_amount and tier.flat_amount:
        return f"{each} each plus {fee}"
    if tier.flat_amount:
        return fee
    return f"{each} each" if tier.unit_amount else "included"


def number(value: int) -> str:
    return f"{value:,}"
