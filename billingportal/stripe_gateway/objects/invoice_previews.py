"""Parses Stripe's preview of an invoice. Amounts in minor units."""

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
    """One invoice line. A proration is for part of a period; it is negative where it credits unused paid time."""

    stripe_price_id: str | None
    description: str
    amount_minor: int
    quantity: int | None
    is_proration: bool
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class InvoicePreview:
    """`balance_minor` is the customer balance applied to the total; negative where it is credit."""

    currency: str
    lines: tuple[PreviewLine, ...]
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    balance_minor: int
    due_minor: int


def invoice_preview(source: JsonObject) -> InvoicePreview:
    due, total = number(source, "amount_due"), number(source, "total")
    return InvoicePreview(
        currency=text(source, "currency"),
        lines=tuple(preview_line(row) for row in plain_rows(part(source, "lines"), "data")),
        subtotal_minor=number(source, "subtotal"),
        discount_minor=sum_of(source, "total_discount_amounts"),
        tax_minor=sum_of(source, "total_taxes"),
        total_minor=total,
        balance_minor=due - total,
        due_minor=due,
    )


def sum_of(source: JsonObject, name: str) -> int:
    return sum(number(row, "amount") for row in plain_rows(source, name)) if source.get(name) else 0


def preview_line(source: JsonObject) -> PreviewLine:
    period, pricing, parent = part(source, "period"), part(source, "pricing"), part(source, "parent")
    details = part(parent, "subscription_item_details") or part(parent, "invoice_item_details")
    return PreviewLine(
        stripe_price_id=optional_id(part(pricing, "price_details"), "price"),
        description=optional_text(source, "description") or "",
        amount_minor=number(source, "amount"),
        quantity=optional_number(source, "quantity"),
        is_proration=bool(details.get("proration")),
        starts_at=moment(period, "start"),
        ends_at=moment(period, "end"),
    )
