"""The changes that Stripe will make to a subscription, and when."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.plain_json import Json, JsonObject


class SubscriptionSchedule(StripeRow):
    __tablename__ = "subscription_schedule"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_schedule_id", name="uq_subscription_schedule_stripe_id"),
        Index("ix_subscription_schedule_stripe_subscription_id", "processor_account_id", "stripe_subscription_id"),
    )

    stripe_schedule_id: Mapped[str]
    stripe_customer_id: Mapped[str]
    stripe_subscription_id: Mapped[str | None]
    status: Mapped[str]
    end_behavior: Mapped[str]
    phases: Mapped[list[Json]]
    labels: Mapped[JsonObject]
    released_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    canceled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
