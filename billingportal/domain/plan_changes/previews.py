"""The exact cost and effect of a plan change: amounts from Stripe, words from the portal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.present_plan import PlanName
from billingportal.domain.plan_changes.timing import Direction
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.money import Money
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview
from billingportal.stripe_gateway.requests.subscriptions import ItemChange


@dataclass(frozen=True)
class Line:
    """An invoice line in plain words. `is_usage`: for usage so far, which may grow until the change is made."""

    words: str
    amount: Money
    is_usage: bool = False


@dataclass(frozen=True)
class Charge:
    """The amounts charged at once. `balance` is added by the customer's balance at Stripe; below zero it is credit.

    `due` is never below zero: the remainder is `credit`, kept for the next invoices.
    """

    lines: tuple[Line, ...]
    discount: Money
    tax: Money
    total: Money
    balance: Money
    due: Money

    @property
    def credit(self) -> Money | None:
        """The credit kept for later invoices, as a positive amount; None when there is none."""
        return Money(-self.total.minor, self.total.currency) if self.total.minor < 0 else None


@dataclass(frozen=True)
class Over:
    """A resource used beyond the new plan's quota."""

    name: str
    unit: str
    used: int
    quota: int


@dataclass(frozen=True)
class Preview:
    """A planned change with its amounts and words, as the preview page shows it.

    `charge` is None when nothing is charged now. `renewal` is the price of each later period, without usage.
    `prorated_at` is frozen: with it Stripe computes the same again. `ends_subscription`: the new plan is free.
    """

    from_words: str
    to_words: str
    plan: PlanName
    selection: Selection
    direction: Direction
    timing: ChangeTiming
    timings: tuple[ChangeTiming, ...]
    charge: Charge | None
    renewal: Money | None
    renews_at: datetime | None
    has_usage: bool
    is_on_trial: bool
    prorated_at: datetime
    takes_effect_at: datetime
    over: tuple[Over, ...]
    changes: tuple[ItemChange, ...]
    items_after: tuple[tuple[str, int | None], ...]
    ends_subscription: bool = False

    @property
    def has_open_use(self) -> bool:
        """Whether usage is charged now: it may grow until the change is made."""
        return self.charge is not None and any(line.is_usage for line in self.charge.lines)

    @property
    def due_minor(self) -> int:
        return self.charge.due.minor if self.charge else 0

    @property
    def total_minor(self) -> int:
        return self.charge.total.minor if self.charge else 0

    def to_json(self) -> JsonObject:
        """The JSON stored with the change: amounts shown, in minor units, and quantities by price afterwards."""
        lines = self.charge.lines if self.charge else ()
        shown: list[Json] = [{"words": line.words, "amount_minor": line.amount.minor} for line in lines]
        items: dict[str, Json] = dict(self.items_after)
        changes: list[Json] = [vars(change) for change in self.changes]
        return {
            "currency": self.selection.currency,
            "lines": shown,
            "tax_minor": self.charge.tax.minor if self.charge else 0,
            "total_minor": self.total_minor,
            "due_minor": self.due_minor,
            "renewal_minor": self.renewal.minor if self.renewal else None,
            "renews_at": self.renews_at.isoformat() if self.renews_at else None,
            "items": items,
            "changes": changes,
        }

    @property
    def seal(self) -> str:
        """A fingerprint, equal for previews that promise the same. Usage so far is no promise, nor are totals that
        include it. The renewal is compared by day: a period that starts now moves by seconds."""
        day = self.renews_at.date().isoformat() if self.renews_at else None
        shown = self.to_json() | {"renews_at": day}
        lines = self.charge.lines if self.charge else ()
        if any(line.is_usage for line in lines):
            promised: list[Json] = [[line.words, line.amount.minor] for line in lines if not line.is_usage]
            shown |= {"lines": promised, "tax_minor": 0, "total_minor": 0, "due_minor": 0}
        said = json.dumps([self.plan.id, self.timing, shown], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def charge_of(invoice: InvoicePreview, lines: Sequence[Line]) -> Charge:
    """The charge, with a last line for the amount of lines that Stripe left out of a long list."""
    currency = invoice.currency
    rest = invoice.subtotal_minor - sum(line.amount.minor for line in lines)
    others = (Line("Further lines", Money(rest, currency)),) if rest else ()
    return Charge(
        lines=(*lines, *others),
        discount=Money(-invoice.discount_minor, currency),
        tax=Money(invoice.tax_minor, currency),
        total=Money(invoice.total_minor, currency),
        balance=Money(invoice.due_minor - max(invoice.total_minor, 0), currency),
        due=Money(invoice.due_minor, currency),
    )
