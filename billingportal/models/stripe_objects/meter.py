"""A billing meter at Stripe."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow


class Meter(StripeRow):
    __tablename__ = "meter"
    __table_args__ = (UniqueConstraint("processor_account_id", "stripe_meter_id"),)

    stripe_meter_id: Mapped[str]
    display_name: Mapped[str]
    event_name: Mapped[str]
    status: Mapped[str]
    aggregation: Mapped[str]
    customer_payload_key: Mapped[str]
    value_payload_key: Mapped[str]
    event_time_window: Mapped[str | None]
    created_at: Mapped[datetime]
