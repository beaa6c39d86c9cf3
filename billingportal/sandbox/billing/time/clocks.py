"""Test clocks and their customers."""

from collections.abc import Iterator
from datetime import UTC, datetime

from billingportal.sandbox.billing.subscription.items import interval_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.lists import Test
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.changes import updating

OF_CUSTOMERS = ("subscription", "subscription_schedule", "invoice", "invoiceitem")
MOST_INTERVALS = 2
TOO_FAR = (
    "The frozen time of this clock is {frozen}. You can only advance it up to {last}. "
    "You can only advance a test clock up to two intervals from the current frozen time at a time, "
    "based on the shortest subscription interval in the test clock. "
    "For example, if a test clock has a monthly and yearly subscription, you may only advance up to two months at a "
    "time. If the test clock has no subscriptions or subscription schedules, you can advance up to 2 years from the "
    "current frozen time."
)


def customers_on(call: Call, test_clock: Document) -> list[Document]:
    """The customers of a test clock, oldest first."""
    customers = list(call.store.living("customer"))[::-1]
    return [one for one in customers if one["test_clock"] == test_clock["id"]]


def join(call: Call, customer: Document, test_clock: Document) -> None:
    """Put a customer on a test clock. Raises Refused when the clock is full."""
    most = setting(call.account, "clocks")["customers_per_clock"]
    if len(customers_on(call, test_clock)) >= most:
        raise invalid(f"You can not associate more than {most} customers to a test clock.", "test_clock")
    customer["test_clock"] = test_clock["id"]
    call.play_at(test_clock)


def take_over(call: Call, customer: Document, test_clock: Document) -> None:
    """Put an existing customer, with all of the customer's objects, on a test clock.

    Raises Refused for a customer who is on a clock already.
    """
    if customer["test_clock"] is not None:
        message = f"The customer {customer['id']} is already attached to the test clock {customer['test_clock']}."
        raise invalid(message, "customer")
    with updating(call, "customer.updated", customer):
        join(call, customer, test_clock)
    for kind in OF_CUSTOMERS:
        for document in call.store.objects.get(kind, {}).values():
            if document["customer"] == customer["id"]:
                document["test_clock"] = test_clock["id"]


def check_room(call: Call, customer: Document) -> None:
    """Raises Refused when a customer on a test clock has the maximum number of running subscriptions."""
    most = setting(call.account, "clocks")["subscriptions_per_customer"]
    if customer["test_clock"] is not None and len(list(running(call, customer))) >= most:
        raise invalid(f"You can not associate more than {most} subscriptions to a customer with a test clock.")


def running(call: Call, customer: Document) -> Iterator[Document]:
    """A customer's subscriptions that have not ended, oldest first."""
    for identifier in customer["_subscriptions"]:
        subscription = call.store.objects["subscription"][identifier]
        if subscription["status"] not in ENDED and not subscription.get("_lost"):
            yield subscription


def furthest(call: Call, test_clock: Document) -> int:
    """The latest time of one advance: two of the shortest intervals on the clock, two years without any."""
    frozen = test_clock["frozen_time"]
    items, prices = call.store.objects.get("subscription_item", {}), call.store.objects.get("price", {})
    ends = [
        after(frozen, interval, MOST_INTERVALS * count)
        for customer in customers_on(call, test_clock)
        for subscription in running(call, customer)
        for interval, count in (interval_of(prices[items[one]["price"]]) for one in subscription["_items"])
    ]
    return min(ends, default=after(frozen, "year", MOST_INTERVALS))


def check_target(call: Call, test_clock: Document, target: int) -> None:
    """Raises Refused, in Stripe's words, for a time to which a clock cannot be advanced from its frozen time."""
    frozen = test_clock["frozen_time"]
    if target <= frozen:
        raise invalid("Invalid `frozen_time`: Must be after the test clock's current frozen time.", "frozen_time")
    last = furthest(call, test_clock)
    if target > last:
        raise invalid(TOO_FAR.format(frozen=spelled(frozen), last=spelled(last)), "frozen_time")


def spelled(moment: int) -> str:
    """A time as the refusal writes it, such as `1732320000 (2024-11-23 00:00:00 UTC)`."""
    return f"{moment} ({datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def in_the_open(call: Call, *names: str) -> Test:
    """The list filter that hides objects on a test clock, unless one of these parameters is given."""
    asked = any(name in call.parameters for name in names)
    return lambda document: asked or document["test_clock"] is None
