"""The link between an invoice and the payment behind it. Amounts in minor units of `currency`."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.models.stripe_objects.stripe_row import StripeRow


class InvoicePayment(StripeRow):
    __tablename__ = "invoice_payment"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_invoice_payment_id", name="uq_invoice_payment_stripe_id"),
        Index(None, "processor_account_id", "stripe_invoice_id"),
        Index("ix_invoice_payment_stripe_payment_intent_id", "processor_account_id", "stripe_payment_intent_id"),
        Index(None, "processor_account_id", "stripe_charge_id"),
    )

    stripe_invoice_payment_id: Mapped[str]
    stripe_invoice_id: Mapped[str]
    stripe_payment_intent_id: Mapped[str | None]
    stripe_charge_id: Mapped[str | None]
    amount_paid_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    is_default: Mapped[bool]
    created_at: Mapped[datetime]
