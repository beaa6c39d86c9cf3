"""Drafts of invoice lines: for a period, and for a change within one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from billingportal.sandbox.amounts import Charge, charges, rounded
from billingportal.sandbox.billing.invoicing.discounts import net_factor
from billingportal.sandbox.billing.invoicing.redemption import active, coupons_of
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import spelled
from billingportal.sandbox.state.store import Store


@dataclass(frozen=True)
class Draft:
    """A line before it is written to an invoice; `amount` in minor units, times in seconds since 1970."""

    amount: int
    description: str
    start: int
    end: int
    quantity: Decimal
    unit_amount: Decimal
    price: Document
    item: Document
    proration: bool = False
    # The fraction left to pay after discounts; None where the invoice computes the discounts.
    share: tuple[int, int] | None = None
    # For a credit: the debit that it credits, as an invoice item names it; None where none is known.
    credited: Document | None = None


def is_metered(store: Store, item: Document) -> bool:
    """Whether an item is billed by usage, in arrears."""
    return bool(store.objects["price"][item["price"]]["recurring"]["usage_type"] == "metered")


def opens_unbilled(store: Store, subscription: Document, item: Document) -> bool:
    """Whether the start of an item's period puts no line on an invoice: flexible mode has no 0.00 line for usage."""
    return is_metered(store, item) and bool(subscription["billing_mode"]["type"] == "flexible")


def period_drafts(store: Store, item: Document, currency: str) -> Iterator[Draft]:
    """The lines for an item's period: licensed ones in advance, metered ones at zero."""
    price = store.objects["price"][item["price"]]
    metered = is_metered(store, item)
    quantity = Decimal(0 if metered else item["quantity"])
    drafts = [Charge(Decimal(0), Decimal(0), 0)] if metered else charges(price, quantity, currency)
    for charge in drafts:
        yield line_draft(store, item, price, charge, currency)


def line_draft(store: Store, item: Document, price: Document, charge: Charge, currency: str) -> Draft:
    """One charge as a line of the item's current period."""
    return Draft(
        charge.amount,
        described(store, price, charge, currency),
        item["current_period_start"],
        item["current_period_end"],
        charge.quantity,
        charge.unit_amount,
        price,
        item,
    )


def described(store: Store, price: Document, charge: Charge, currency: str) -> str:
    """`2 × Pro (at $10.00 / month)`."""
    name = store.objects["product"][price["product"]]["name"]
    recurring = price["recurring"]
    count = recurring["interval_count"]
    every = recurring["interval"] if count == 1 else f"{count} {recurring['interval']}s"
    note = f"{charge.note} " if charge.note else ""
    return f"{charge.quantity:f} × {name} ({note}at {spelled(charge.unit_amount, currency)} / {every})"


def trial_draft(store: Store, item: Document, end: int) -> Draft:
    """The zero line that a trial puts on its first invoice."""
    price = store.objects["price"][item["price"]]
    name = store.objects["product"][price["product"]]["name"]
    quantity = Decimal(item["quantity"] or 0)
    start = item["current_period_start"]
    return Draft(0, f"Trial period for {name}", start, end, quantity, Decimal(0), price, item)


def proration_drafts(store: Store, item: Document, moment: int, currency: str, *, credit: bool) -> Iterator[Draft]:
    """The rest of the period from `moment`: credited (`credit`) or charged, discounts deducted.

    Usage is not prorated.
    """
    price = store.objects["price"][item["price"]]
    if is_metered(store, item):
        return
    start, end = item["current_period_start"], item["current_period_end"]
    share = Decimal(max(end - moment, 0)) / Decimal(end - start)
    quantity = Decimal(item["quantity"])
    whole = sum(charge.amount for charge in charges(price, quantity, currency))
    paid, asked = item.get("_share", (1, 1)) if credit else discounted(store, item, price, moment)
    amount = rounded(whole * share * Decimal(paid) / Decimal(asked))
    day = datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")
    name = store.objects["product"][price["product"]]["name"]
    words = f"{'Unused' if credit else 'Remaining'} time on {quantity:f} × {name} after {day}"
    unit = (Decimal(whole) / quantity if quantity else Decimal(0)).quantize(Decimal("1E-12")).normalize()
    left = None if credit else (paid, asked)
    amount = -amount if credit else amount
    debit = item.get("_debit") if credit else None
    yield Draft(amount, words, moment, end, quantity, unit, price, item, proration=True, share=left, credited=debit)


def discounted(store: Store, item: Document, price: Document, moment: int) -> tuple[int, int]:
    """The fraction of a price that remains after percentage discounts, the item's first: numerator, denominator."""
    subscription = store.objects["subscription"][item["subscription"]]
    coupons = coupons_of(store, [*active(store, item, moment), *active(store, subscription, moment)])
    return net_factor(coupons, price["product"]).as_integer_ratio()
