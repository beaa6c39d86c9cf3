"""Our copies of Stripe's objects: only the fields that the portal stores, frozen, no SDK types.

Field names are the column names of the table that stores the copy. Amounts are whole minor units
(`_minor`) or exact `Decimal` minor units (`unit_amount_decimal`); times are aware UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.meters import MeterCopy
from billingportal.stripe_gateway.objects.payments import DisputeCopy, InvoicePaymentCopy, PaymentMethodCopy, RefundCopy
from billingportal.stripe_gateway.objects.sales import CheckoutSessionCopy, SubscriptionScheduleCopy, TestClockCopy


@dataclass(frozen=True)
class ProductCopy:
    stripe_product_id: str
    name: str
    description: str | None
    active: bool
    unit_label: str | None
    default_stripe_price_id: str | None
    labels: JsonObject
    created_at: datetime


@dataclass(frozen=True)
class PriceCopy:
    """Tiers and currency options are JSON with decimals as text; only a fetched price has them."""

    stripe_price_id: str
    stripe_product_id: str
    active: bool
    currency: str
    nickname: str | None
    lookup_key: str | None
    type: str
    billing_scheme: str
    tiers_mode: str | None
    unit_amount_decimal: Decimal | None
    is_custom_amount: bool
    interval: str | None
    interval_count: int | None
    usage_type: str | None
    stripe_meter_id: str | None
    package_size: int | None
    package_round: str | None
    tax_behavior: str | None
    tiers: list[Json] | None
    currency_options: JsonObject
    labels: JsonObject
    created_at: datetime


@dataclass(frozen=True)
class CustomerCopy:
    stripe_customer_id: str
    name: str | None
    email: str | None
    currency: str | None
    balance_minor: int
    delinquent: bool
    default_stripe_payment_method_id: str | None
    stripe_test_clock_id: str | None
    has_discount: bool
    address: JsonObject
    labels: JsonObject
    created_at: datetime


@dataclass(frozen=True)
class SubscriptionItemCopy:
    """One line of a subscription. `quantity` is None for metered prices."""

    stripe_subscription_item_id: str
    stripe_price_id: str
    stripe_product_id: str
    quantity: int | None
    period_started_at: datetime
    period_ends_at: datetime


@dataclass(frozen=True)
class SubscriptionCopy:
    """`missing_payment_method`: what Stripe does when its trial ends without one, `cancel`, `create_invoice`, `pause`.

    `has_adjustments`: discounts, taxes or a stub period decide on its amounts beside the prices.
    """

    stripe_subscription_id: str
    stripe_customer_id: str
    status: str
    currency: str
    collection_method: str
    billing_mode: str
    cancel_at_period_end: bool
    cancels_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    trial_ends_at: datetime | None
    missing_payment_method: str
    started_at: datetime
    latest_stripe_invoice_id: str | None
    default_stripe_payment_method_id: str | None
    stripe_schedule_id: str | None
    pending_update_expires_at: datetime | None
    cancellation_reason: str | None
    is_collection_paused: bool
    collection_pause_behavior: str | None
    collection_resumes_at: datetime | None
    has_adjustments: bool
    labels: JsonObject
    created_at: datetime
    items: tuple[SubscriptionItemCopy, ...]


@dataclass(frozen=True)
class InvoiceCopy:
    """`sold`: prices and quantities of its first page of lines, without credits. `purpose`: what a one-off is for."""

    stripe_invoice_id: str
    stripe_customer_id: str | None
    stripe_subscription_id: str | None
    number: str | None
    status: str
    billing_reason: str | None
    collection_method: str
    currency: str
    subtotal_minor: int
    total_minor: int
    amount_due_minor: int
    amount_paid_minor: int
    amount_remaining_minor: int
    attempt_count: int
    next_attempt_at: datetime | None
    automatically_finalizes_at: datetime | None
    due_at: datetime | None
    finalized_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    hosted_invoice_url: str | None
    invoice_pdf_url: str | None
    sold: list[Json]
    purpose: str | None
    labels: JsonObject
    created_at: datetime


Copy = (
    ProductCopy
    | PriceCopy
    | MeterCopy
    | CustomerCopy
    | SubscriptionCopy
    | InvoiceCopy
    | InvoicePaymentCopy
    | PaymentMethodCopy
    | CheckoutSessionCopy
    | SubscriptionScheduleCopy
    | RefundCopy
    | DisputeCopy
    | TestClockCopy
)


@dataclass(frozen=True)
class EventCopy:
    """One event as Stripe sent it. `object` is the payload's object as Stripe's JSON."""

    stripe_event_id: str
    type: str
    api_version: str | None
    livemode: bool
    stripe_account_id: str | None
    created_at: datetime
    object_id: str | None
    object: JsonObject
    previous_attributes: JsonObject | None
