"""The simulated time of some customers in test mode."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow


class TestClock(StripeRow):
    __tablename__ = "test_clock"
    __table_args__ = (UniqueConstraint("processor_account_id", "stripe_test_clock_id"),)

    stripe_test_clock_id: Mapped[str]
    status: Mapped[str]
    frozen_at: Mapped[datetime]
    created_at: Mapped[datetime]
