"""Our copies of how subscriptions are sold and changed: checkout sessions, schedules; and of test clocks."""

from dataclasses import dataclass
from datetime import datetime

from billingportal.plain_json import Json, JsonObject


@dataclass(frozen=True)
class CheckoutSessionCopy:
    stripe_checkout_session_id: str
    stripe_customer_id: str | None
    stripe_subscription_id: str | None
    mode: str
    status: str | None
    payment_status: str
    client_reference: str | None
    currency: str | None
    total_minor: int | None
    labels: JsonObject
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True)
class SubscriptionScheduleCopy:
    """`phases` is JSON: for each, when it starts and ends (ISO, UTC) and its prices with their quantities.

    A released schedule still names the subscription that it was of.
    """

    stripe_schedule_id: str
    stripe_customer_id: str
    stripe_subscription_id: str | None
    status: str
    end_behavior: str
    phases: list[Json]
    labels: JsonObject
    released_at: datetime | None
    completed_at: datetime | None
    canceled_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class TestClockCopy:
    """A customer on a test clock lives at `frozen_at`, not now."""

    stripe_test_clock_id: str
    status: str
    frozen_at: datetime
    created_at: datetime
