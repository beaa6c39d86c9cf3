"""A customer at Stripe. `balance_minor` is in minor units of `currency`.

`canonical_email` is not Stripe's: it is the form of `email` in which addresses are compared. None: no possible address.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.plain_json import JsonObject


class Customer(StripeRow):
    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_customer_id"),
        Index(None, "processor_account_id", "canonical_email"),
        Index(None, "processor_account_id", "stripe_test_clock_id"),
    )

    stripe_customer_id: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    canonical_email: Mapped[str | None]
    currency: Mapped[str | None]
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    delinquent: Mapped[bool]
    default_stripe_payment_method_id: Mapped[str | None]
    stripe_test_clock_id: Mapped[str | None]
    has_discount: Mapped[bool] = mapped_column(default=False)
    address: Mapped[JsonObject] = mapped_column(default=dict)
    labels: Mapped[JsonObject]
    created_at: Mapped[datetime]
