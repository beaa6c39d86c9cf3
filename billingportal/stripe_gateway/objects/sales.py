"""Our copies of checkout sessions, subscription schedules and test clocks."""

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
    """`phases` is JSON: for each, when it starts and ends (ISO, UTC), its prices with their quantities, and
    whether discounts or taxes decide on its amounts.

    A released schedule still names its former subscription.
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
    """For a customer on a test clock, the present time is `frozen_at`."""

    stripe_test_clock_id: str
    status: str
    frozen_at: datetime
    created_at: datetime
