"""The exact cost and effect of a plan change: amounts from Stripe, words from the portal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from billingportal.domain.entitlements.planned_changes import PlannedChange
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes.present_plan import PlanName
from billingportal.domain.plan_changes.timing import Direction
from billingportal.models import PlanChange
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.money import Money
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview
from billingportal.stripe_gateway.requests.schedules import NewPhase, PhaseItem
from billingportal.stripe_gateway.requests.subscriptions import ItemChange


@dataclass(frozen=True)
class Line:
    """An invoice line in plain words. `is_usage`: for usage so far, which may grow until the change is made."""

    words: str
    amount: Money
    is_usage: bool = False


@dataclass(frozen=True)
class Charge:
    """The amounts charged at once. Lines, discount, grants and tax add up to `total`; with the balance, less the
    credit kept, and with the amount carried, they add up to `due`.

    `discount` and `grants` (credit grants) are never above zero. `included_tax` is part of the lines already.
    `balance` is the part of the customer's balance that this invoice uses; below zero it is credit.
    `carried` is below zero where Stripe adds a total below its minimum charge to the next invoice.
    """

    lines: tuple[Line, ...]
    discount: Money
    grants: Money
    tax: Money
    included_tax: Money
    total: Money
    balance: Money
    carried: Money
    due: Money

    @property
    def credit(self) -> Money | None:
        """The credit kept for later invoices, as a positive amount; None when there is none."""
        left = self.total.minor + self.balance.minor
        return Money(-left, self.total.currency) if left < 0 else None


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
    `bills_use`: the present plan bills use, which a change charges too, up to its moment.
    `prorated_at` is frozen: with it Stripe computes the same again. `ends_subscription`: the new plan is free.
    `ends_trial`: the trial ends with the change. `trial_ends_at`: the end of a trial that goes on, earlier than before
    if `shortens_trial`.
    `staying` describes items of the subscription that belong to something else and go on as they are. `replaces` is
    the planned change that goes. `first` is the first invoice after a later change, where it is another amount than
    `renewal`; then `renewal` has no discount that ends.
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
    bills_use: bool
    prorated_at: datetime
    takes_effect_at: datetime
    over: tuple[Over, ...]
    changes: tuple[ItemChange, ...]
    items_after: tuple[tuple[str, int | None], ...]
    ends_subscription: bool = False
    ends_trial: bool = False
    trial_ends_at: datetime | None = None
    shortens_trial: bool = False
    staying: tuple[str, ...] = ()
    replaces: PlannedChange | None = None
    first: Money | None = None

    @property
    def is_on_trial(self) -> bool:
        """Whether a trial goes on after the change."""
        return self.trial_ends_at is not None

    @property
    def trial_end(self) -> str | None:
        """As it is stored: `now`, `kept`, or the earlier end; None without a trial."""
        if self.ends_trial or self.trial_ends_at is None:
            return "now" if self.ends_trial else None
        return self.trial_ends_at.isoformat() if self.shortens_trial else "kept"

    @property
    def has_open_use(self) -> bool:
        """Whether usage is charged now: it may grow until the change is made, from nothing too."""
        return self.charge is not None and self.bills_use

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
            "included_tax_minor": self.charge.included_tax.minor if self.charge else 0,
            "total_minor": self.total_minor,
            "due_minor": self.due_minor,
            "first_minor": self.first.minor if self.first else None,
            "renewal_minor": self.renewal.minor if self.renewal else None,
            "renews_at": self.renews_at.isoformat() if self.renews_at else None,
            "trial_end": self.trial_end,
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
        if self.has_open_use:
            promised: list[Json] = [[line.words, line.amount.minor] for line in lines if not line.is_usage]
            shown |= {"lines": promised, "tax_minor": 0, "included_tax_minor": 0, "total_minor": 0, "due_minor": 0}
        said = json.dumps([self.plan.id, self.timing, shown], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def charge_of(invoice: InvoicePreview, lines: Sequence[Line]) -> Charge:
    """The charge, with a last line for the amount of lines that Stripe left out of a long list.

    That amount is computed from the total: Stripe's subtotal already has the discounts of single items taken off.
    """
    currency = invoice.currency
    before_discounts = invoice.total_minor - invoice.tax_minor + invoice.discount_minor + invoice.grants_minor
    rest = before_discounts - sum(line.amount.minor for line in lines)
    balance = max(invoice.balance_minor, -max(invoice.total_minor, 0))  # credit pays no more than the total
    others = (Line("Further lines", Money(rest, currency)),) if rest else ()
    return Charge(
        lines=(*lines, *others),
        discount=Money(-invoice.discount_minor, currency),
        grants=Money(-invoice.grants_minor, currency),
        tax=Money(invoice.tax_minor, currency),
        included_tax=Money(invoice.included_tax_minor, currency),
        total=Money(invoice.total_minor, currency),
        balance=Money(balance, currency),
        carried=Money(invoice.due_minor - max(invoice.total_minor + balance, 0), currency),
        due=Money(invoice.due_minor, currency),
    )


def phase_of(change: PlanChange) -> NewPhase:
    """The phase at Stripe that makes a scheduled change: its items, from the day on which it takes effect."""
    items = cast(dict[str, int | None], change.preview["items"])
    rows = cast(list[JsonObject], change.preview["changes"])
    replaced = {
        str(row["stripe_price_id"]): row["stripe_subscription_item_id"] for row in rows if not row["is_removed"]
    }
    return NewPhase(
        starts_at=change.takes_effect_at or change.created_at,
        items=[PhaseItem(price, number, cast(str | None, replaced.get(price))) for price, number in items.items()],
        interval=str(change.choice["interval"]),
        interval_count=cast(int, change.choice["interval_count"]),
    )
