"""A price in words that a client understands, one function for every model."""

from dataclasses import dataclass

from billingportal.domain.common.plurals import singular
from billingportal.domain.prices.pricing import Package, Terms, Tier
from billingportal.money import text_of

ONE = {"day": "a day", "week": "a week", "month": "a month", "year": "a year"}


@dataclass(frozen=True)
class Worded:
    """A price's words in parts: the amount, what it is for, each tier, and how the tiers are to be read."""

    amount: str
    basis: str
    tiers: tuple[str, ...] = ()
    joint: str = ""
    rule: str = ""

    def __str__(self) -> str:
        head = f"{self.amount} {self.basis}"
        return f"{head}: {self.joint.join(self.tiers)}. {self.rule}" if self.tiers else head


def period_words(interval: str | None, interval_count: int | None) -> str:
    """How often it is charged: "a month", "every 3 months", or "once"."""
    if interval is None:
        return "once"
    count = interval_count or 1
    return ONE[interval] if count == 1 else f"every {count} {interval}s"


def price_words(terms: Terms, period: str, units: str | None = None, *, is_metered: bool = False) -> str:
    """The whole price in one or two sentences.

    `units` names what is counted, in the plural ("contacts"); None for a price that is for the plan itself.
    """
    return str(worded(terms, period, units, is_metered=is_metered))


def worded(terms: Terms, period: str, units: str | None = None, *, is_metered: bool = False) -> Worded:
    """The price's words in parts, for pages that set them apart. `units` as for `price_words`."""
    counted = units or "units"
    if terms.tiers_mode is not None:
        return tiered(terms, period, counted, is_metered=is_metered)
    each = text_of(terms.unit_amount, terms.currency)
    by_use = ", by use" if is_metered else ""
    if terms.package is not None:
        return Worded(each, f"{period} {package_words(terms.package, counted)}{by_use}")
    if units is None and not is_metered:
        return Worded(each, period)
    return Worded(each, f"{period} for {each_of(counted)}{by_use}")


def package_words(package: Package, counted: str) -> str:
    """Says whether a part of a package counts, since it decides what a client pays."""
    if package.rounding == "up":
        return f"for every {number(package.size)} {counted} or part of them"
    return f"for every full {number(package.size)} {counted}"


def tiered(terms: Terms, period: str, units: str, *, is_metered: bool) -> Worded:
    """The first tier's price comes first. Volume tiers are joined by "or", as only one of them counts."""
    first = terms.tiers[0]
    least = text_of(first.unit_amount + first.flat_amount, terms.currency)
    basis = f"{period}, by {'use' if is_metered else 'number'} of {units}"
    steps = tuple(tier_words(terms, place) for place in range(len(terms.tiers)))
    if terms.tiers_mode == "volume":
        rule = f"One tier prices all {units}: the one that their whole number falls into."
        return Worded(f"from {least}", basis, steps, ", or ", rule)
    rule = f"Each tier prices only the {units} inside it; the tiers before it are charged too."
    return Worded(f"from {least}", basis, steps, ", then ", rule)


def tier_words(terms: Terms, place: int) -> str:
    tier = terms.tiers[place]
    first = 1 if place == 0 else (terms.tiers[place - 1].up_to or 0) + 1
    return f"{range_words(first, tier.up_to)} {charge_words(tier, terms.currency)}"


def range_words(first: int, last: int | None) -> str:
    """The units of a tier: "1 to 1,000", "from 5,001", or one number alone."""
    if last is None:
        return f"from {number(first)}"
    return number(first) if first == last else f"{number(first)} to {number(last)}"


def charge_words(tier: Tier, currency: str) -> str:
    """A tier's charge: for each unit, once, or both."""
    each, fee = text_of(tier.unit_amount, currency), text_of(tier.flat_amount, currency)
    if tier.unit_amount and tier.flat_amount:
        return f"{each} each plus {fee}"
    if tier.flat_amount:
        return fee
    return f"{each} each" if tier.unit_amount else "included"


def each_of(units: str) -> str:
    """ "each contact" for "contacts"; a word whose singular is not known stays as it is: "each of the staff"."""
    one = singular(units)
    return f"each of the {units}" if one is None else f"each {one}"


def number(value: int) -> str:
    return f"{value:,}"
