"""The quantities that a visitor of the pricing page enters, for plans sold by quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billingportal.domain.common.plurals import counted
from billingportal.domain.offers.offers import Choice, OfferedPrice
from billingportal.domain.prices.terms import terms_of

MOST = 10_000_000


@dataclass(frozen=True)
class Quantity:
    """`number` is the priced quantity: the one entered, or the usual one when the entry is empty or refused."""

    resource_id: int
    key: str
    unit: str
    number: int
    text: str
    is_refused: bool

    @property
    def words(self) -> str:
        return counted(self.number, self.unit)


def quantities(choices: Sequence[Choice], asked: Mapping[str, str]) -> tuple[Quantity, ...]:
    """One quantity for each resource that the plan sells by quantity, in the order of its prices."""
    sold: dict[int, OfferedPrice] = {}
    for choice in choices:
        for offered in choice.quantities:
            if offered.resource is not None:
                sold.setdefault(offered.resource.id, offered)
    return tuple(quantity(offered, asked, place == 0) for place, offered in enumerate(sold.values()))


def quantity(offered: OfferedPrice, asked: Mapping[str, str], is_first: bool) -> Quantity:
    resource = offered.resource
    if resource is None:
        raise ValueError("a price that sells a quantity sells it of a resource")
    typed = asked.get(resource.key, asked.get("", "") if is_first else "").strip()
    start = usual(offered)
    wanted = number_of(typed)
    is_refused = bool(typed) and wanted is None
    shown = typed[:20] if is_refused else str(wanted or start)
    return Quantity(resource.id, resource.key, resource.unit, wanted or start, shown, is_refused)


def number_of(typed: str) -> int | None:
    """The typed whole number from 1 to MOST, else None. Commas and blanks are ignored."""
    digits = typed.replace(",", "").replace(" ", "")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > len(str(MOST)):
        return None
    return int(digits) if 1 <= int(digits) <= MOST else None


def usual(offered: OfferedPrice) -> int:
    """The initial quantity: the whole of the first tier or package, since less costs the same or is less usual."""
    terms = terms_of(offered.price)
    if terms.package is not None:
        return terms.package.size
    first = terms.tiers[0].up_to if terms.tiers else None
    return min(first or 1, MOST)
