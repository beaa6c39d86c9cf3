"""Our copies of invoice payments, payment methods, refunds and disputes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class InvoicePaymentCopy:
    """The link from an invoice to its payment: the only way from a refund or dispute to its invoice."""

    stripe_invoice_payment_id: str
    stripe_invoice_id: str
    stripe_payment_intent_id: str | None
    stripe_charge_id: str | None
    amount_paid_minor: int
    currency: str
    status: str
    is_default: bool
    created_at: datetime


@dataclass(frozen=True)
class PaymentMethodCopy:
    """A client's payment method. A detached one has no customer. Only cards expire."""

    stripe_payment_method_id: str
    stripe_customer_id: str | None
    type: str
    brand: str | None
    last_four: str | None
    expires_month: int | None
    expires_year: int | None
    created_at: datetime


@dataclass(frozen=True)
class RefundCopy:
    stripe_refund_id: str
    stripe_payment_intent_id: str | None
    stripe_charge_id: str | None
    amount_minor: int
    currency: str
    status: str | None
    reason: str | None
    failure_reason: str | None
    created_at: datetime


@dataclass(frozen=True)
class DisputeCopy:
    stripe_dispute_id: str
    stripe_payment_intent_id: str | None
    stripe_charge_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    answer_due_at: datetime | None
    created_at: datetime
