"""A line of an explained invoice in words: its period, its price, and the steps from units to the amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billingportal.domain.common.plurals import counted
from billingportal.domain.metering.explanation import ExplainedLine
from billingportal.domain.prices.price_text import period_words, range_words, worded
from billingportal.domain.prices.pricing import Line, Package, Terms
from billingportal.money import text_of
from billingportal.web.common.rendering.periods import day_words

PAID = {
    "usage": "In arrears, by usage",
    "licensed": "In advance",
    "trial": "Free trial",
    "proration": "For a part of the period",
    "other": "Once",
}


@dataclass(frozen=True)
class Step:
    """One row on the way to the amount, in words."""

    what: str
    units: str
    each: str
    amount: str


def number(value: Decimal | int) -> str:
    """63,480, without an exponent and without trailing zeros."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dates(starts_at: datetime, ends_at: datetime) -> str:
    """ "14 Oct to 14 Nov 2026"; with times where it is a part of a day; one day where Stripe names no period."""
    if starts_at.date() == ends_at.date():
        times = f", {starts_at:%H:%M} to {ends_at:%H:%M} UTC" if starts_at != ends_at else ""
        return f"{day_words(ends_at)} {ends_at.year}{times}"
    year = f" {starts_at.year}" if starts_at.year != ends_at.year else ""
    return f"{day_words(starts_at)}{year} to {day_words(ends_at)} {ends_at.year}"


def line_dates(line: ExplainedLine) -> str:
    """The billing period; where the price changed inside it, the part that this price charges."""
    starts_at = line.block.starts_at
    if line.window is not None and line.window.starts_at > starts_at:
        starts_at = line.window.starts_at
    return dates(starts_at, line.block.ends_at)


def units_of(line: ExplainedLine) -> str:
    """What is counted, in the plural."""
    return line.use.resource.unit if line.use else "units"


def price_text(line: ExplainedLine) -> str:
    """The price in a sentence. The tiers stand in the table of steps, so only their rule is said."""
    price, terms = line.block.price, line.block.terms
    if price is None or terms is None:
        return ""
    period = period_words(price.interval, price.interval_count)
    is_counted = line.block.kind == "usage" or bool(line.block.lines[0].quantity not in (None, 1))
    units = units_of(line) if is_counted else None
    words = worded(terms, period, units, is_metered=line.block.kind == "usage")
    return words.rule or str(words)


def bought(line: ExplainedLine) -> str:
    """ "1 x $49.00": what was bought at which price, where one multiplication says it."""
    terms, quantity = line.block.terms, line.block.lines[0].quantity
    if line.block.kind != "licensed" or terms is None or quantity is None or len(line.steps) > 1:
        return number(quantity) if quantity is not None else ""
    return " + ".join(f"{number(step.quantity)} × {text_of(step.each, terms.currency)}" for step in line.steps)


def steps(line: ExplainedLine) -> Sequence[Step]:
    """From units to Stripe's amount; Stripe's own lines where the price does not explain them."""
    terms = line.block.terms
    if terms is not None and line.steps:
        return [step(terms, one, units_of(line)) for one in line.steps]
    return [
        Step(
            one.description or line.block.name,
            number(one.quantity) if one.quantity is not None else "",
            f"{text_of(one.unit_amount, line.block.currency)} each" if one.unit_amount is not None else "",
            text_of(Decimal(one.amount_minor), line.block.currency),
        )
        for one in line.block.lines
    ]


def step(terms: Terms, one: Line, units: str) -> Step:
    each, amount = text_of(one.each, terms.currency), str(one.amount)
    if one.kind == "packages" and terms.package is not None:
        return Step(package_label(terms.package, units), counted(int(one.quantity), "packages"), f"{each} each", amount)
    if one.tier is None:
        return Step(units.capitalize(), f"{number(one.quantity)} units", f"{each} each", amount)
    label = tier_label(terms, one.tier)
    if one.kind == "tier fee":
        return Step(f"Fee for {label[0].lower()}{label[1:]}", "once", each, amount)
    is_included = not one.each and not terms.tiers[one.tier].flat_amount
    return Step(f"{label}, included" if is_included else label, f"{number(one.quantity)} units", f"{each} each", amount)


def package_label(package: Package, units: str) -> str:
    rule = "a part counts as one" if package.rounding == "up" else "full ones only"
    return f"Packages of {package.size:,} {units}, {rule}"


def tier_label(terms: Terms, place: int) -> str:
    """Which units a tier is for. Of volume tiers one prices all units."""
    last = terms.tiers[place].up_to
    first = 1 if place == 0 else (terms.tiers[place - 1].up_to or 0) + 1
    if terms.tiers_mode == "volume":
        return f"All units, in the tier {range_words(first, last)}"
    if last is None:
        return f"{first:,} and more" if place else "All units"
    return range_words(first, last) if place else f"First {last:,}"
