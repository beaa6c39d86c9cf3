"""An invoice at Stripe. Amounts in minor units of `currency`, as Stripe computed them."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.plain_json import Json, JsonObject


class Invoice(StripeRow):
    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_invoice_id"),
        Index(None, "processor_account_id", "stripe_customer_id"),
        Index(None, "processor_account_id", "stripe_subscription_id"),
        Index(None, "processor_account_id", "created_at"),
    )

    stripe_invoice_id: Mapped[str]
    stripe_customer_id: Mapped[str | None]
    stripe_subscription_id: Mapped[str | None]
    number: Mapped[str | None]
    status: Mapped[str]
    billing_reason: Mapped[str | None]
    collection_method: Mapped[str]
    currency: Mapped[str]
    subtotal_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    amount_due_minor: Mapped[int] = mapped_column(BigInteger)
    amount_paid_minor: Mapped[int] = mapped_column(BigInteger)
    amount_remaining_minor: Mapped[int] = mapped_column(BigInteger)
    attempt_count: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    automatically_finalizes_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    finalized_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    period_starts_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    hosted_invoice_url: Mapped[str | None]
    invoice_pdf_url: Mapped[str | None]
    sold: Mapped[list[Json]] = mapped_column(default=list)
    purpose: Mapped[str | None]
    labels: Mapped[JsonObject]
    created_at: Mapped[datetime]
