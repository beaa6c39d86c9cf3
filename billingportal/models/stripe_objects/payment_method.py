"""A client's payment method: a card or another type. A detached one has no customer."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow


class PaymentMethod(StripeRow):
    __tablename__ = "payment_method"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_payment_method_id", name="uq_payment_method_stripe_id"),
        Index(None, "processor_account_id", "stripe_customer_id"),
    )

    stripe_payment_method_id: Mapped[str]
    stripe_customer_id: Mapped[str | None]
    type: Mapped[str]
    brand: Mapped[str | None]
    last_four: Mapped[str | None]
    expires_month: Mapped[int | None]
    expires_year: Mapped[int | None]
    created_at: Mapped[datetime]
