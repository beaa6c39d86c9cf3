"""Parses Stripe's preview of an invoice. Amounts in minor units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.fields import (
    moment,
    number,
    optional_id,
    optional_number,
    optional_text,
    part,
    plain_rows,
    text,
)


@dataclass(frozen=True)
class PreviewLine:
    """One invoice line. A proration is for part of a period.

    `is_credit`: it gives back unused time. Its amount is negative, or 0 where a coupon had made that time free.
    """

    stripe_price_id: str | None
    description: str
    amount_minor: int
    quantity: int | None
    is_proration: bool
    is_credit: bool
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class InvoicePreview:
    """The totals of an invoice. `total_minor` is the lines less discounts and credit grants, plus `tax_minor`.

    `tax_minor` is added to the lines' amounts; `included_tax_minor` is part of them (Stripe's `tax_behavior`).
    `grants_minor` is paid from credit grants, before tax. `balance_minor` is the customer's balance before the
    invoice; negative where it is credit. `due_minor` may be 0 for a total below Stripe's minimum charge.
    """

    currency: str
    lines: tuple[PreviewLine, ...]
    discount_minor: int
    grants_minor: int
    tax_minor: int
    included_tax_minor: int
    total_minor: int
    balance_minor: int
    due_minor: int


def invoice_preview(source: JsonObject) -> InvoicePreview:
    return InvoicePreview(
        currency=text(source, "currency"),
        lines=tuple(preview_line(row) for row in plain_rows(part(source, "lines"), "data")),
        discount_minor=sum_of(given(source, "total_discount_amounts")),
        grants_minor=sum_of(row for row in given(source, "total_pretax_credit_amounts") if is_grant(row)),
        tax_minor=sum_of(row for row in given(source, "total_taxes") if not is_included(row)),
        included_tax_minor=sum_of(row for row in given(source, "total_taxes") if is_included(row)),
        total_minor=number(source, "total"),
        balance_minor=number(source, "starting_balance"),
        due_minor=number(source, "amount_due"),
    )


def given(source: JsonObject, name: str) -> Sequence[JsonObject]:
    """The rows of a list that may be missing or null."""
    return plain_rows(source, name) if source.get(name) else ()


def sum_of(amounts: Iterable[JsonObject]) -> int:
    return sum(number(row, "amount") for row in amounts)


def is_grant(row: JsonObject) -> bool:
    """Whether a pretax credit comes from a credit grant; the others are the discounts, once more."""
    return optional_text(row, "type") == "credit_balance_transaction"


def is_included(tax: JsonObject) -> bool:
    return optional_text(tax, "tax_behavior") == "inclusive"


def preview_line(source: JsonObject) -> PreviewLine:
    period, pricing, parent = part(source, "period"), part(source, "pricing"), part(source, "parent")
    details = part(parent, "subscription_item_details") or part(parent, "invoice_item_details")
    is_proration, amount = bool(details.get("proration")), number(source, "amount")
    return PreviewLine(
        stripe_price_id=optional_id(part(pricing, "price_details"), "price"),
        description=optional_text(source, "description") or "",
        amount_minor=amount,
        quantity=optional_number(source, "quantity"),
        is_proration=is_proration,
        is_credit=is_proration and (amount < 0 or bool(part(details, "proration_details").get("credited_items"))),
        starts_at=moment(period, "start"),
        ends_at=moment(period, "end"),
    )
