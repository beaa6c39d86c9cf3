"""Compares an invoice at Stripe with the portal's own computation: lines, discounts, tax, total, periods."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest

from billingportal.domain.rehearsal.comparison import check, check_money, left_out, span_words, with_link
from billingportal.domain.rehearsal.promises import ExpectedLine
from billingportal.money import Money
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.copies import InvoiceCopy
from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy

DASHBOARD = "https://dashboard.stripe.com/test"
WHY_LINE = "The price at Stripe charges otherwise than the plan's price as it is linked here."


def compare_lines(
    expected: Sequence[ExpectedLine], seen: Sequence[InvoiceLineCopy], currency: str, key: str = "invoice.line"
) -> list[JsonObject]:
    """One row a line, by price. Stripe may leave out lines of 0, so they count on neither side."""
    ours: dict[str, list[ExpectedLine]] = defaultdict(list)
    theirs: dict[str, list[InvoiceLineCopy]] = defaultdict(list)
    for line in expected:
        if line.amount.minor:
            ours[line.stripe_price_id].append(line)
    for one in seen:
        if one.amount_minor:
            theirs[one.stripe_price_id or ""].append(one)
    rows: list[JsonObject] = []
    for price in [*ours, *(name for name in theirs if name not in ours)]:
        rows += compare_price(price, ours.get(price, []), theirs.get(price, []), currency, key)
    return rows


def compare_price(
    price: str, ours: Sequence[ExpectedLine], theirs: Sequence[InvoiceLineCopy], currency: str, key: str
) -> list[JsonObject]:
    if sorted(line.amount.minor for line in ours) == sorted(one.amount_minor for one in theirs):
        theirs = sorted(theirs, key=lambda one: one.amount_minor)
        ours = sorted(ours, key=lambda line: line.amount.minor)
    rows = []
    for line, one in zip_longest(ours, theirs):
        title = line.title if line else (one.description or price if one else price)
        wanted = line.amount if line else Money(0, currency)
        found = Money(one.amount_minor if one else 0, currency)
        row = check_money(key, title, wanted, found, why=WHY_LINE, subject=price)
        words = line.words if line else "no line"
        rows.append({**row, "expected": words, "seen": seen_words(one, currency)})
    return rows


def seen_words(line: InvoiceLineCopy | None, currency: str) -> str:
    if line is None:
        return "no line"
    return f"{line.description or 'Line'}: {Money(line.amount_minor, currency)}"


def compare_invoice(
    expected: Sequence[ExpectedLine],
    invoice: InvoiceCopy | None,
    seen: Sequence[InvoiceLineCopy],
    *,
    discount: int = 0,
    has_tax: bool = False,
    currency: str,
) -> list[JsonObject]:
    """All rows of one invoice. `discount` in minor units; `has_tax`: the partner has Stripe compute taxes."""
    if invoice is None:
        return [check("invoice.count", "Invoice", "1 invoice", "none", why="Stripe made no invoice for this step.")]
    rows = compare_lines(expected, seen, currency)
    rows += compare_periods(expected, seen)
    rows.append(compare_discount(discount, seen, currency))
    taxes = sum(one.tax_minor for one in seen)
    rows.append(compare_tax(taxes, currency, has_tax=has_tax))
    due = sum(line.amount.minor for line in expected) - discount + (taxes if has_tax else 0)
    total = check_money(
        "invoice.total",
        "Total of the invoice",
        Money(due, currency),
        Money(invoice.total_minor, invoice.currency),
        why="The lines, discount or tax above differ.",
        subject="total",
    )
    rows.append(total)
    return with_link(rows, f"{DASHBOARD}/invoices/{invoice.stripe_invoice_id}")


def compare_discount(discount: int, seen: Sequence[InvoiceLineCopy], currency: str) -> JsonObject:
    given = sum(one.discount_minor for one in seen)
    return check_money(
        "invoice.discount",
        "Discount",
        Money(discount, currency),
        Money(given, currency),
        why="The coupon is not applied as it was chosen.",
        subject="discount",
    )


def compare_tax(taxes: int, currency: str, *, has_tax: bool) -> JsonObject:
    if has_tax:
        reason = "Stripe Tax computes it from the client's address; the portal has no own figure."
        return left_out("invoice.tax", "Tax", reason, seen=str(Money(taxes, currency)))
    return check_money(
        "invoice.tax",
        "Tax",
        Money(0, currency),
        Money(taxes, currency),
        why="Taxes are off in the checkout settings, and Stripe adds some.",
        subject="tax",
    )


def compare_periods(expected: Sequence[ExpectedLine], seen: Sequence[InvoiceLineCopy]) -> list[JsonObject]:
    """One row for each price whose lines say what time they are for."""
    rows = []
    for price in dict.fromkeys(line.stripe_price_id for line in expected):
        line = next(one for one in expected if one.stripe_price_id == price)
        found = next((one for one in seen if one.stripe_price_id == price and not one.is_proration), None)
        if found is None:
            continue
        rows.append(
            check(
                "period",
                f"{line.title.split(', tier')[0]}: period",
                span_words(line.starts_at, line.ends_at),
                span_words(found.starts_at, found.ends_at),
                why="Stripe charges for another time than the plan's period.",
                meaning="A client would be charged more or less often than promised.",
                subject=f"{price}: period",
            )
        )
    return rows
