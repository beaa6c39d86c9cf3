"""Estimates the amount due for a choice of prices, line by line. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from billingportal.domain.offers.offers import OfferedPrice, Period, length
from billingportal.domain.prices.pricing import Line, Terms, amount, lines, total
from billingportal.domain.prices.terms import terms_of
from billingportal.money import Money

# How many of each resource a client has, by resource id.
Numbers = Mapping[int, int]
POINTS = 60
# A curve goes at least this far when no tier has an end.
USUAL_MOST = 100


@dataclass(frozen=True)
class Part:
    """The charge of one price for `quantity` units."""

    offered: OfferedPrice
    quantity: int
    terms: Terms
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Money:
        return total(self.lines, self.terms.currency)


@dataclass(frozen=True)
class Estimate:
    """All parts in one currency. Usage prices may have a shorter period, so each period has a sum of its own."""

    currency: str
    parts: tuple[Part, ...]

    @property
    def sums(self) -> tuple[tuple[Period, Money], ...]:
        """The amount due for each period, the longest first."""
        periods = sorted({part.offered.period for part in self.parts}, key=length, reverse=True)
        return tuple((period, self.sum_of(period)) for period in periods)

    def sum_of(self, period: Period) -> Money:
        found = (part.amount for part in self.parts if part.offered.period == period)
        return reduce(add, found, Money(0, self.currency))


def estimate(prices: Sequence[OfferedPrice], numbers: Numbers, currency: str) -> Estimate:
    """Estimate the charges of these prices in a currency that all of them have."""
    return Estimate(currency, tuple(part_of(offered, numbers, currency) for offered in prices))


def part_of(offered: OfferedPrice, numbers: Numbers, currency: str) -> Part:
    quantity = quantity_of(offered, numbers)
    terms = terms_of(offered.price, currency)
    return Part(offered, quantity, terms, lines(terms, quantity))


def quantity_of(offered: OfferedPrice, numbers: Numbers) -> int:
    """The number of units bought or used; 1 for the price of the plan itself."""
    return 1 if offered.resource is None else numbers.get(offered.resource.id, 0)


@dataclass(frozen=True)
class Curve:
    """The total charge of one resource's prices by number of units, in ascending order of number."""

    resource_id: int
    points: tuple[tuple[int, Money], ...]

    @property
    def most(self) -> int:
        return self.points[-1][0]

    @property
    def highest(self) -> int:
        """The largest total, in minor units."""
        return max(sum_.minor for _, sum_ in self.points)


def curve(prices: Sequence[OfferedPrice], resource_id: int, number: int, currency: str) -> Curve:
    """The curve of one resource's prices, with points on both sides of every tier's end."""
    own = [terms_of(one.price, currency) for one in prices if one.resource and one.resource.id == resource_id]
    ends = sorted({tier.up_to for terms in own for tier in terms.tiers if tier.up_to is not None})
    most = max(number * 2, ends[-1] + max(ends[-1] // 4, 1) if ends else USUAL_MOST)
    steps = {most * step // POINTS for step in range(POINTS + 1)}
    numbers = sorted(steps | set(ends) | {end + 1 for end in ends} | {number})
    zero = Money(0, currency)
    return Curve(
        resource_id, tuple((count, reduce(add, (amount(terms, count) for terms in own), zero)) for count in numbers)
    )
