"""A client's payment method: a card or another type. A detached one has no customer."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow

# Ids of legacy sources: cards, bank accounts and others that were saved before payment methods existed.
SOURCE_PREFIXES = ("card_", "ba_", "src_")


def is_source(stripe_id: str) -> bool:
    """Whether the id is of a legacy source. No page of Stripe's promises that it can be read as a payment method."""
    return stripe_id.startswith(SOURCE_PREFIXES)


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
