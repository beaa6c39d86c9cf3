"""The object types that the portal mirrors, and the event types of each."""

from dataclasses import dataclass, fields
from typing import cast

from sqlalchemy import Table

from billingportal.models import (
    CheckoutSession,
    Customer,
    Dispute,
    Invoice,
    InvoicePayment,
    Meter,
    PaymentMethod,
    Price,
    Product,
    Refund,
    Subscription,
    SubscriptionSchedule,
    TestClock,
)
from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.stripe_gateway.objects.copies import (
    Copy,
    CustomerCopy,
    InvoiceCopy,
    PriceCopy,
    ProductCopy,
    SubscriptionCopy,
)
from billingportal.stripe_gateway.objects.meters import MeterCopy
from billingportal.stripe_gateway.objects.payments import DisputeCopy, InvoicePaymentCopy, PaymentMethodCopy, RefundCopy
from billingportal.stripe_gateway.objects.sales import CheckoutSessionCopy, SubscriptionScheduleCopy, TestClockCopy

ITEMS = "items"


@dataclass(frozen=True, eq=False)
class ObjectType:
    """`name` is Stripe's own name of the object. `payload_is_complete`: an event's payload has every stored field."""

    name: str
    words: str
    table: Table
    copy_type: type[Copy]
    id_column: str
    columns: tuple[str, ...]
    payload_is_complete: bool


def kind(
    words: str, name: str, model: type[StripeRow], copy_type: type[Copy], *, payload_is_complete: bool = True
) -> ObjectType:
    names = tuple(field.name for field in fields(copy_type) if field.name != ITEMS)
    return ObjectType(name, words, cast(Table, model.__table__), copy_type, names[0], names, payload_is_complete)


PRODUCT = kind("product", "product", Product, ProductCopy)
# Payloads of price events leave out tiers and currency options, so a price is always fetched.
PRICE = kind("price", "price", Price, PriceCopy, payload_is_complete=False)
METER = kind("meter", "billing.meter", Meter, MeterCopy)
CUSTOMER = kind("customer", "customer", Customer, CustomerCopy)
SUBSCRIPTION = kind("subscription", "subscription", Subscription, SubscriptionCopy)
INVOICE = kind("invoice", "invoice", Invoice, InvoiceCopy)
INVOICE_PAYMENT = kind("payment of an invoice", "invoice_payment", InvoicePayment, InvoicePaymentCopy)
PAYMENT_METHOD = kind("payment method", "payment_method", PaymentMethod, PaymentMethodCopy)
CHECKOUT_SESSION = kind("checkout", "checkout.session", CheckoutSession, CheckoutSessionCopy)
SUBSCRIPTION_SCHEDULE = kind(
    "scheduled change", "subscription_schedule", SubscriptionSchedule, SubscriptionScheduleCopy
)
REFUND = kind("refund", "refund", Refund, RefundCopy)
DISPUTE = kind("dispute", "dispute", Dispute, DisputeCopy)
TEST_CLOCK = kind("test clock", "test_helpers.test_clock", TestClock, TestClockCopy)

KINDS: dict[str, ObjectType] = {
    one.name: one
    for one in (
        PRODUCT,
        PRICE,
        METER,
        CUSTOMER,
        SUBSCRIPTION,
        INVOICE,
        INVOICE_PAYMENT,
        PAYMENT_METHOD,
        CHECKOUT_SESSION,
        SUBSCRIPTION_SCHEDULE,
        REFUND,
        DISPUTE,
        TEST_CLOCK,
    )
}


# Every event that the portal acts on. Any other is stored as ignored.
OBJECT_TYPE_OF_EVENT: dict[str, ObjectType] = {
    "product.created": PRODUCT,
    "product.updated": PRODUCT,
    "product.deleted": PRODUCT,
    "price.created": PRICE,
    "price.updated": PRICE,
    "price.deleted": PRICE,
    "billing.meter.created": METER,
    "billing.meter.updated": METER,
    "billing.meter.deactivated": METER,
    "billing.meter.reactivated": METER,
    "customer.created": CUSTOMER,
    "customer.updated": CUSTOMER,
    "customer.deleted": CUSTOMER,
    "customer.subscription.created": SUBSCRIPTION,
    "customer.subscription.updated": SUBSCRIPTION,
    "customer.subscription.deleted": SUBSCRIPTION,
    "customer.subscription.paused": SUBSCRIPTION,
    "customer.subscription.resumed": SUBSCRIPTION,
    "customer.subscription.trial_will_end": SUBSCRIPTION,
    "customer.subscription.pending_update_applied": SUBSCRIPTION,
    "customer.subscription.pending_update_expired": SUBSCRIPTION,
    "invoice.created": INVOICE,
    "invoice.updated": INVOICE,
    "invoice.finalized": INVOICE,
    "invoice.finalization_failed": INVOICE,
    "invoice.paid": INVOICE,
    "invoice.payment_failed": INVOICE,
    "invoice.payment_action_required": INVOICE,
    "invoice.overdue": INVOICE,
    "invoice.voided": INVOICE,
    "invoice.marked_uncollectible": INVOICE,
    "invoice.deleted": INVOICE,
    "invoice_payment.paid": INVOICE_PAYMENT,
    "payment_method.attached": PAYMENT_METHOD,
    "payment_method.updated": PAYMENT_METHOD,
    "payment_method.automatically_updated": PAYMENT_METHOD,
    "payment_method.detached": PAYMENT_METHOD,
    "checkout.session.completed": CHECKOUT_SESSION,
    "checkout.session.expired": CHECKOUT_SESSION,
    "checkout.session.async_payment_succeeded": CHECKOUT_SESSION,
    "checkout.session.async_payment_failed": CHECKOUT_SESSION,
    "subscription_schedule.created": SUBSCRIPTION_SCHEDULE,
    "subscription_schedule.updated": SUBSCRIPTION_SCHEDULE,
    "subscription_schedule.released": SUBSCRIPTION_SCHEDULE,
    "subscription_schedule.canceled": SUBSCRIPTION_SCHEDULE,
    "subscription_schedule.completed": SUBSCRIPTION_SCHEDULE,
    "subscription_schedule.aborted": SUBSCRIPTION_SCHEDULE,
    "refund.created": REFUND,
    "refund.updated": REFUND,
    "refund.failed": REFUND,
    "charge.dispute.created": DISPUTE,
    "charge.dispute.updated": DISPUTE,
    "charge.dispute.closed": DISPUTE,
    "test_helpers.test_clock.created": TEST_CLOCK,
    "test_helpers.test_clock.advancing": TEST_CLOCK,
    "test_helpers.test_clock.ready": TEST_CLOCK,
    "test_helpers.test_clock.internal_failure": TEST_CLOCK,
    "test_helpers.test_clock.deleted": TEST_CLOCK,
}

# An unanswered invoice.created holds an invoice back for up to three days. So Stripe is not asked to deliver it,
# and a portal that is down delays nobody's invoice; catch-up reads those events instead.
NOT_DELIVERED = frozenset({"invoice.created"})

# Tells of an invoice that does not exist yet. The client is evaluated, by which what it used is sent in time.
UPCOMING = "invoice.upcoming"

# The exact list that our webhook endpoint is registered with.
DELIVERED_EVENTS: tuple[str, ...] = tuple(sorted({*OBJECT_TYPE_OF_EVENT, UPCOMING} - NOT_DELIVERED))


def is_creation(event_type: str) -> bool:
    return event_type.endswith(".created")


def is_deletion(event_type: str) -> bool:
    """Whether the object is gone. A deleted subscription is not: it stays readable, as canceled."""
    return event_type.endswith(".deleted") and event_type != "customer.subscription.deleted"
