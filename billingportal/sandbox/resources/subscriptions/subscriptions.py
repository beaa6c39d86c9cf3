"""Subscriptions."""

from billingportal.sandbox.billing.invoicing import redemption
from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.billing.subscription import creation as subscription_creation
from billingportal.sandbox.billing.subscription import resume as subscription_resume
from billingportal.sandbox.billing.time import clocks
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import EXPAND, ONLY_EXPAND
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page, within
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.subscriptions import parameters as subscription_parameters
from billingportal.sandbox.state.changes import updating

KIND = "subscription"


def create(call: Call) -> Document:
    """A new subscription with its first invoice."""
    return subscription_creation.create(call)


def retrieve(call: Call, identifier: str) -> Document:
    """One subscription; canceled ones remain available."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """Subscriptions, newest first; canceled ones only on request."""
    tests = (
        equal(call, "customer", "collection_method", "test_clock"),
        clocks.in_the_open(call, "customer", "test_clock"),
        created_within(call),
        in_status(call),
        with_price(call),
        in_period(call),
    )
    return page(call, KIND, "/v1/subscriptions", call.store.newest_first(KIND), *tests)


def in_status(call: Call) -> Test:
    """By status; `ended` is canceled or expired, and without a status the canceled ones are left out."""
    status = call.parameters.get("status")
    if status == "all":
        return lambda subscription: True
    if status is None:
        return lambda subscription: subscription["status"] != "canceled"
    wanted = ENDED if status == "ended" else (status,)
    return lambda subscription: subscription["status"] in wanted


def with_price(call: Call) -> Test:
    """By a price among the items."""
    price = call.parameters.get("price")
    items = call.store.objects.get("subscription_item", {})
    return lambda subscription: price is None or price in {items[one]["price"] for one in subscription["_items"]}


def in_period(call: Call) -> Test:
    """By the earliest end and the latest start of the items' periods."""
    ends, starts = call.parameters.get("current_period_end"), call.parameters.get("current_period_start")
    items = call.store.objects.get("subscription_item", {})

    def fits(subscription: Document) -> bool:
        own = [items[one] for one in subscription["_items"]]
        end = min((item["current_period_end"] for item in own), default=None)
        start = max((item["current_period_start"] for item in own), default=None)
        return within(end, ends) and within(start, starts)

    return fits


def update(call: Call, identifier: str) -> Document:
    """Change items, metadata, cancellation, trial or payment."""
    return subscription_changes.update(call, call.need(KIND, identifier, "id"))


def cancel(call: Call, identifier: str) -> Document:
    """End a subscription now."""
    return subscription_cancellation.cancel(call, call.need(KIND, identifier, "id"))


def pause(call: Call, identifier: str) -> Document:
    """Pause a subscription."""
    return subscription_resume.pause(call, call.need(KIND, identifier, "id"))


def resume(call: Call, identifier: str) -> Document:
    """Resume a paused subscription."""
    return subscription_resume.resume(call, call.need(KIND, identifier, "id"))


def delete_discount(call: Call, identifier: str) -> Document:
    """Remove the discount of a subscription; of several, the latest one."""
    subscription = call.need(KIND, identifier, "id")
    if not subscription["discounts"]:
        raise call.absent("discount", identifier, "id")
    discount = call.store.objects["discount"][subscription["discounts"][-1]]
    with updating(call, "customer.subscription.updated", subscription):
        redemption.remove(call, subscription, discount)
    return {**discount, "deleted": True}


READ, WRITE = "subscriptions:read", "subscriptions:write"
PATH = "/v1/subscriptions"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, subscription_parameters.CREATE, WRITE),
    Operation("GET", PATH, KIND, index, subscription_parameters.LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, subscription_parameters.UPDATE, WRITE),
    Operation("POST", f"{PATH}/{{id}}/pause", KIND, pause, Record({**subscription_parameters.PAUSE, **EXPAND}), WRITE),
    Operation("POST", f"{PATH}/{{id}}/resume", KIND, resume, subscription_parameters.RESUME, WRITE),
    Operation("DELETE", f"{PATH}/{{id}}/discount", "discount", delete_discount, ONLY_EXPAND, WRITE),
    Operation("DELETE", f"{PATH}/{{id}}", KIND, cancel, subscription_parameters.CANCEL, WRITE),
]
