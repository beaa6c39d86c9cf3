"""A checkout at Stripe: the page on which a client pays. `total_minor` in minor units of `currency`."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.plain_json import JsonObject


class CheckoutSession(StripeRow):
    __tablename__ = "checkout_session"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_checkout_session_id", name="uq_checkout_session_stripe_id"),
        Index(None, "processor_account_id", "stripe_customer_id"),
    )

    stripe_checkout_session_id: Mapped[str]
    stripe_customer_id: Mapped[str | None]
    stripe_subscription_id: Mapped[str | None]
    mode: Mapped[str]
    status: Mapped[str | None]
    payment_status: Mapped[str]
    client_reference: Mapped[str | None]
    currency: Mapped[str | None]
    total_minor: Mapped[int | None] = mapped_column(BigInteger)
    labels: Mapped[JsonObject]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
