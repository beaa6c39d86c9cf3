"""The last attempt to pay an open invoice: what became of it, and which card it charged."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class PaymentAttempt(Base):
    """Read from the invoice's payment intent. `intent_status` is None where the invoice has none.

    `invoice_revision` is that of the stored invoice before Stripe was asked: an attempt read at an earlier revision is
    read again. The method's fields are those of the moment of the attempt; `type` is empty where Stripe names none.
    """

    __tablename__ = "payment_attempt"
    __table_args__ = (UniqueConstraint("processor_account_id", "stripe_invoice_id"),)

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_invoice_id: Mapped[str]
    invoice_revision: Mapped[int]
    intent_status: Mapped[str | None]
    stripe_payment_method_id: Mapped[str | None]
    type: Mapped[str] = mapped_column(default="")
    brand: Mapped[str | None]
    last_four: Mapped[str | None]
    expires_month: Mapped[int | None]
    expires_year: Mapped[int | None]
    read_at: Mapped[datetime]
