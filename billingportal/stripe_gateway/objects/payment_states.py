"""Parses how far the payment of an invoice has come, and which payment method was charged."""

from dataclasses import dataclass

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.fields import (
    optional_count,
    optional_id,
    optional_text,
    part,
    rows,
    text,
)


@dataclass(frozen=True)
class ChargedMethod:
    """The payment method of an attempt. `type` is empty where Stripe gives the id alone."""

    stripe_payment_method_id: str
    type: str = ""
    brand: str | None = None
    last_four: str | None = None
    expires_month: int | None = None
    expires_year: int | None = None


@dataclass(frozen=True)
class PaymentState:
    """The payment state of an invoice. `intent` is the payment intent's status; `error` the bank's message.

    `method` is the one that was charged last; None before the first attempt.
    """

    invoice_status: str
    intent: str | None
    error: str
    hosted_invoice_url: str | None
    method: ChargedMethod | None


def payment_state(source: JsonObject) -> PaymentState:
    """From the newest payment of an invoice; without one there is nothing to pay."""
    payments = [part(row, "payment") for row in rows(source, "payments") if row.get("status") != "canceled"]
    intent = part(payments[0], "payment_intent") if payments and optional_id(payments[0], "payment_intent") else {}
    return PaymentState(
        invoice_status=text(source, "status"),
        intent=optional_text(intent, "status"),
        error=optional_text(part(intent, "last_payment_error"), "message") or "",
        hosted_invoice_url=optional_text(source, "hosted_invoice_url"),
        method=charged_method(intent),
    )


def charged_method(intent: JsonObject) -> ChargedMethod | None:
    """A declined attempt keeps its method in the error only: Stripe takes it off the intent."""
    chosen = optional_id(intent, "payment_method")
    if chosen is not None and intent.get("status") != "requires_payment_method":
        return ChargedMethod(chosen)
    declined = part(part(intent, "last_payment_error"), "payment_method")
    method_id = optional_text(declined, "id")
    if method_id is None:
        return None
    kind = optional_text(declined, "type") or ""
    details = part(declined, kind)
    return ChargedMethod(
        method_id,
        kind,
        brand=optional_text(details, "brand"),
        last_four=optional_text(details, "last4"),
        expires_month=optional_count(details, "exp_month"),
        expires_year=optional_count(details, "exp_year"),
    )
