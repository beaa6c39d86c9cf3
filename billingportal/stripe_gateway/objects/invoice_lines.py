"""Parses the lines of an invoice. Amounts in minor units of the invoice's currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.objects.fields import (
    decimal,
    first_rows,
    moment,
    number,
    optional_id,
    optional_number,
    optional_text,
    part,
    short_text,
    truth,
)
from billingportal.stripe_gateway.objects.invoice_previews import given, is_grant, is_included, sum_of


@dataclass(frozen=True)
class InvoiceLineCopy:
    """Field names are columns of `invoice_line`.

    `amount_minor` is before discounts and added tax. `credit_minor` is paid from credit grants. `quantity` is exact.
    """

    stripe_line_id: str
    description: str | None
    amount_minor: int
    discount_minor: int
    credit_minor: int
    tax_minor: int
    included_tax_minor: int
    quantity: Decimal | None
    unit_amount: Decimal | None
    stripe_price_id: str | None
    stripe_product_id: str | None
    stripe_subscription_item_id: str | None
    stripe_invoice_item_id: str | None
    is_proration: bool
    starts_at: datetime
    ends_at: datetime


def listed_lines(invoices: Iterable[JsonObject]) -> dict[str, tuple[InvoiceLineCopy, ...]]:
    """The lines of listed invoices, by invoice id. An invoice in a list has the first page of them: those with more
    are left out, and those that cannot be read."""
    found: dict[str, tuple[InvoiceLineCopy, ...]] = {}
    for invoice in invoices:
        try:
            lines = part(invoice, "lines")
            if not truth(lines, "has_more"):
                found[short_text(invoice, "id")] = tuple(invoice_line(row) for row in first_rows(lines))
        except UnreadableObject:
            continue
    return found


def invoice_line(source: JsonObject) -> InvoiceLineCopy:
    """The line. `quantity` is truncated at Stripe, `quantity_decimal` is not. Raises UnreadableObject."""
    period, pricing, parent = part(source, "period"), part(source, "pricing"), part(source, "parent")
    of_item, of_invoice_item = part(parent, "subscription_item_details"), part(parent, "invoice_item_details")
    named, details = part(pricing, "price_details"), of_item or of_invoice_item
    taxes = given(source, "taxes")
    quantity = decimal(source.get("quantity_decimal"))
    return InvoiceLineCopy(
        stripe_line_id=short_text(source, "id"),
        description=optional_text(source, "description"),
        amount_minor=number(source, "amount"),
        discount_minor=sum_of(given(source, "discount_amounts")),
        credit_minor=sum_of(row for row in given(source, "pretax_credit_amounts") if is_grant(row)),
        tax_minor=sum_of(row for row in taxes if not is_included(row)),
        included_tax_minor=sum_of(row for row in taxes if is_included(row)),
        quantity=decimal(optional_number(source, "quantity")) if quantity is None else quantity,
        unit_amount=decimal(pricing.get("unit_amount_decimal")),
        stripe_price_id=optional_id(named, "price"),
        stripe_product_id=optional_id(named, "product"),
        stripe_subscription_item_id=optional_id(of_item, "subscription_item"),
        stripe_invoice_item_id=optional_id(details, "invoice_item"),
        is_proration=details.get("proration") is True,
        starts_at=moment(period, "start"),
        ends_at=moment(period, "end"),
    )
