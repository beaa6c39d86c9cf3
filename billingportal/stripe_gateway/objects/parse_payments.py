"""Parses Stripe's JSON of payment methods, invoice payments, refunds and disputes."""

from datetime import datetime

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.fields import (
    flag,
    moment,
    number,
    optional_count,
    optional_id,
    optional_moment,
    optional_number,
    optional_text,
    part,
    required_id,
    short_text,
    text,
)
from billingportal.stripe_gateway.objects.payments import DisputeCopy, InvoicePaymentCopy, PaymentMethodCopy, RefundCopy


def payment_method(source: JsonObject) -> PaymentMethodCopy:
    kind = text(source, "type")
    details = part(source, kind)
    return PaymentMethodCopy(
        stripe_payment_method_id=short_text(source, "id"),
        stripe_customer_id=optional_id(source, "customer"),
        type=kind,
        brand=optional_text(details, "brand"),
        last_four=optional_text(details, "last4"),
        expires_month=optional_count(details, "exp_month"),
        expires_year=optional_count(details, "exp_year"),
        created_at=moment(source, "created"),
    )


def invoice_payment(source: JsonObject) -> InvoicePaymentCopy:
    payment = part(source, "payment")
    return InvoicePaymentCopy(
        stripe_invoice_payment_id=short_text(source, "id"),
        stripe_invoice_id=required_id(source, "invoice"),
        stripe_payment_intent_id=optional_id(payment, "payment_intent"),
        stripe_charge_id=optional_id(payment, "charge"),
        amount_paid_minor=optional_number(source, "amount_paid") or 0,
        currency=text(source, "currency"),
        status=text(source, "status"),
        is_default=flag(source, "is_default"),
        created_at=moment(source, "created"),
    )


def refund(source: JsonObject) -> RefundCopy:
    return RefundCopy(
        stripe_refund_id=short_text(source, "id"),
        stripe_payment_intent_id=optional_id(source, "payment_intent"),
        stripe_charge_id=optional_id(source, "charge"),
        amount_minor=number(source, "amount"),
        currency=text(source, "currency"),
        status=optional_text(source, "status"),
        reason=optional_text(source, "reason"),
        failure_reason=optional_text(source, "failure_reason"),
        created_at=moment(source, "created"),
    )


def dispute(source: JsonObject) -> DisputeCopy:
    return DisputeCopy(
        stripe_dispute_id=short_text(source, "id"),
        stripe_payment_intent_id=optional_id(source, "payment_intent"),
        stripe_charge_id=required_id(source, "charge"),
        amount_minor=number(source, "amount"),
        currency=text(source, "currency"),
        status=text(source, "status"),
        reason=text(source, "reason"),
        answer_due_at=answer_due_at(part(source, "evidence_details")),
        created_at=moment(source, "created"),
    )


def answer_due_at(evidence_details: JsonObject) -> datetime | None:
    """The bank's deadline for evidence. Stripe sends 0 where the bank accepts none."""
    return optional_moment(evidence_details, "due_by") if evidence_details.get("due_by") else None
