"""The cost of one way to pay for a plan, in numbers and words. Every amount is an estimate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billingportal.domain.offers.offers import Choice, OfferedPrice, Period
from billingportal.domain.offers.quantities import Quantity
from billingportal.domain.prices.price_text import Worded, period_words, worded
from billingportal.domain.prices.pricing import amount
from billingportal.domain.prices.tax_text import tax_words
from billingportal.domain.prices.terms import terms_of
from billingportal.money import Money

MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Payment:
    """One way to pay for a plan, in the page's currency.

    `parts` are the prices that make up `due`, empty for one flat amount; `usages` are the usage prices, charged later.
    `bought` are the quantities that `due` is for. `saving` is in whole per cent. `tax_words` are of the plan's own
    prices that make up `due`, in this currency; by use only, of the usage prices. Empty when one does not say.
    """

    period: Period
    currency: str
    due: Money
    parts: tuple[Worded, ...]
    usages: tuple[Worded, ...]
    saving: int
    tax_words: str = ""
    bought: tuple[Quantity, ...] = ()

    @property
    def period_words(self) -> str:
        return period_words(*self.period)

    @property
    def is_by_use_only(self) -> bool:
        return not self.due.minor and not self.parts and bool(self.usages)


def payment_of(choice: Choice, base: Choice | None, currency: str, bought: Sequence[Quantity]) -> Payment:
    paid_in = currency or choice.currencies[0]
    numbers = {one.resource_id: one.number for one in bought}
    due = due_of(choice, paid_in, numbers)
    saving = saving_of(choice, due, due_of(base, paid_in, numbers)) if base and base is not choice else 0
    parts = [words_of(offered, paid_in) for offered in (choice.flat, *choice.quantities) if offered]
    is_plain = choice.flat is not None and len(parts) == 1 and not parts[0].tiers
    usages = tuple(words_of(offered, paid_in) for offered in choice.usages)
    sold = {offered.resource.id for offered in choice.quantities if offered.resource}
    here = tuple(one for one in bought if one.resource_id in sold)
    ahead = [offered for offered in choice.prices if offered.role != "usage"]
    tax = tax_words((offered.price for offered in ahead or choice.usages), paid_in)
    return Payment(choice.period, paid_in, due, () if is_plain else tuple(parts), usages, saving, tax, here)


def due_of(choice: Choice, currency: str, numbers: Mapping[int, int]) -> Money:
    """The amount paid in advance for a period: the plan itself and the quantities bought."""
    flat = [amount(terms_of(choice.flat.price, currency), 1)] if choice.flat else []
    bought = [
        amount(terms_of(offered.price, currency), numbers[offered.resource.id])
        for offered in choice.quantities
        if offered.resource is not None
    ]
    return sum([*flat, *bought], Money(0, currency))


def saving_of(choice: Choice, due: Money, monthly: Money) -> int:
    """The saving against monthly payment in whole per cent, rounded down: nobody is promised too much."""
    interval, count = choice.period
    by_the_month = monthly.minor * MONTHS.get(interval, 0) * count
    return max(0, (by_the_month - due.minor) * 100 // by_the_month) if by_the_month else 0


def words_of(offered: OfferedPrice, currency: str) -> Worded:
    units = offered.resource.unit if offered.resource else None
    words = period_words(*offered.period)
    return worded(terms_of(offered.price, currency), words, units, is_metered=offered.role == "usage")
