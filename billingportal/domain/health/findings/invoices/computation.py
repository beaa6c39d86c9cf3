"""One invoice's amounts as Stripe has them and as the portal computes them: by the price, and by the use counted."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from billingportal.domain.common.plurals import counted
from billingportal.domain.metering.explanation import ExplainedLine, explain
from billingportal.models import Invoice
from billingportal.money import Money


@dataclass(frozen=True)
class AmountDifference:
    """The line that differs most: what Stripe charged for it, what it costs by our computation, and of how many units.

    `by` is never negative: how much all lines of the invoice together are too much or too little.
    """

    name: str
    basis: str
    charged: Money
    ours: Money
    by: Money
    is_too_much: bool


def amount_difference(session: Session, invoice: Invoice) -> AmountDifference | None:
    """None where the amounts agree, or where what came too late explains the difference: that is told of the use."""
    lines = [line for line in explain(session, invoice).compared if differs(line)]
    total = sum(line.difference.minor for line in lines if line.difference is not None)
    worst = max(lines, key=lambda line: abs(line.difference.minor) if line.difference else 0, default=None)
    if worst is None or worst.ours is None:
        return None
    return AmountDifference(
        worst.block.name,
        basis_of(worst),
        worst.block.amount,
        worst.ours,
        Money(abs(total), invoice.currency),
        is_too_much=total < 0,
    )


def differs(line: ExplainedLine) -> bool:
    return line.difference is not None and bool(line.difference.minor) and not line.is_explained


def basis_of(line: ExplainedLine) -> str:
    """As in "Growth with 12,000 units"."""
    number = line.counted or Decimal(0)
    return f"{line.block.name} with {counted(int(number), 'units')}"
