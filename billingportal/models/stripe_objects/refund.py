"""A refund at Stripe. `amount_minor` in minor units of `currency`."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.models.stripe_objects.stripe_row import StripeRow


class Refund(StripeRow):
    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_refund_id"),
        Index(None, "processor_account_id", "stripe_payment_intent_id"),
        Index(None, "processor_account_id", "stripe_charge_id"),
    )

    stripe_refund_id: Mapped[str]
    stripe_payment_intent_id: Mapped[str | None]
    stripe_charge_id: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str | None]
    reason: Mapped[str | None]
    failure_reason: Mapped[str | None]
    created_at: Mapped[datetime]
