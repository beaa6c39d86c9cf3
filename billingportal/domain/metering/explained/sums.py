"""From an invoice's lines to its total, in minor units. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from billingportal.models import InvoiceLine
from billingportal.money import Money


@dataclass(frozen=True)
class Sums:
    """`credit` is paid from credit grants. `tax` is added to the lines, `included_tax` is part of them."""

    lines: Money
    discount: Money
    credit: Money
    tax: Money
    included_tax: Money

    @property
    def total(self) -> Money:
        """Stripe's rule: lines, less discounts and credits, plus the tax that is not included."""
        taken = self.discount.minor + self.credit.minor
        return Money(self.lines.minor + self.tax.minor - taken, self.lines.currency)


def sums(stored: Iterable[InvoiceLine], currency: str) -> Sums:
    rows = [
        (line.amount_minor, line.discount_minor, line.credit_minor, line.tax_minor, line.included_tax_minor)
        for line in stored
    ]
    return Sums(*(Money(sum(column), currency) for column in zip((0,) * 5, *rows, strict=True)))
