"""A subscription at Stripe. Its periods are on its items."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.models.stripe_objects.subscription_item import SubscriptionItem
from billingportal.plain_json import JsonObject


class Subscription(StripeRow):
    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_subscription_id"),
        Index(None, "processor_account_id", "stripe_customer_id"),
    )

    stripe_subscription_id: Mapped[str]
    stripe_customer_id: Mapped[str]
    status: Mapped[str]
    currency: Mapped[str]
    collection_method: Mapped[str]
    billing_mode: Mapped[str] = mapped_column(default="", server_default="")
    cancel_at_period_end: Mapped[bool]
    cancels_at: Mapped[datetime | None]
    canceled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    trial_ends_at: Mapped[datetime | None]
    missing_payment_method: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    latest_stripe_invoice_id: Mapped[str | None]
    default_stripe_payment_method_id: Mapped[str | None]
    stripe_schedule_id: Mapped[str | None]
    pending_update_expires_at: Mapped[datetime | None]
    cancellation_reason: Mapped[str | None]
    is_collection_paused: Mapped[bool] = mapped_column(default=False)
    collection_pause_behavior: Mapped[str | None]
    collection_resumes_at: Mapped[datetime | None]
    has_adjustments: Mapped[bool] = mapped_column(default=True)
    labels: Mapped[JsonObject]
    created_at: Mapped[datetime]
    items: Mapped[list[SubscriptionItem]] = relationship(
        order_by=SubscriptionItem.stripe_subscription_item_id, viewonly=True
    )
