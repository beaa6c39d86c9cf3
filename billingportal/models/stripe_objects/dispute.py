"""A payment disputed with the bank. `amount_minor` in minor units of `currency`."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.models.stripe_objects.stripe_row import StripeRow


class Dispute(StripeRow):
    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_dispute_id"),
        Index(None, "processor_account_id", "stripe_payment_intent_id"),
        Index(None, "processor_account_id", "stripe_charge_id"),
    )

    stripe_dispute_id: Mapped[str]
    stripe_payment_intent_id: Mapped[str | None]
    stripe_charge_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    answer_due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
