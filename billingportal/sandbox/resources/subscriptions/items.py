"""Subscription items, changed one at a time."""

from dataclasses import replace

from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND
from billingportal.sandbox.http.lists import Page, page
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.subscriptions import parameters as subscription_parameters

KIND = "subscription_item"
ITEM_FIELDS = ("clear_usage", "discounts", "metadata", "price", "price_data", "quantity", "tax_rates")


def change(call: Call, subscription: Document, item: Document) -> None:
    """Change a subscription by one item and by the call's proration parameters."""
    rest = {name: value for name, value in call.parameters.items() if name not in (*ITEM_FIELDS, "subscription")}
    subscription_changes.update(replace(call, parameters={**rest, "items": [item]}), subscription)


def create(call: Call) -> Document:
    """Add an item to a subscription."""
    subscription = call.given("subscription", "subscription")
    change(call, subscription, own_fields(call))
    waiting = subscription["pending_update"]
    if waiting is not None:
        return dict(waiting["subscription_items"][-1])
    return call.store.objects[KIND][subscription["_items"][-1]]


def own_fields(call: Call) -> Document:
    """The call's parameters of the item itself."""
    return {name: call.parameters[name] for name in ITEM_FIELDS if name in call.parameters}


def retrieve(call: Call, identifier: str) -> Document:
    """One item."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """The items of a subscription."""
    subscription = call.given("subscription", "subscription")
    items = (call.store.objects[KIND][identifier] for identifier in subscription["_items"])
    return page(call, KIND, "/v1/subscription_items", items)


def update(call: Call, identifier: str) -> Document:
    """Change one item."""
    item = call.need(KIND, identifier, "id")
    change(call, call.store.objects["subscription"][item["subscription"]], {**own_fields(call), "id": identifier})
    return item


def delete(call: Call, identifier: str) -> Document:
    """Remove one item."""
    item = call.need(KIND, identifier, "id")
    change(call, call.store.objects["subscription"][item["subscription"]], {"id": identifier, "deleted": True})
    return item


READ, WRITE = "subscriptions:read", "subscriptions:write"
PATH = "/v1/subscription_items"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, subscription_parameters.ITEM_CREATE, WRITE),
    Operation("GET", PATH, KIND, index, subscription_parameters.ITEM_LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, subscription_parameters.ITEM_UPDATE, WRITE),
    Operation("DELETE", f"{PATH}/{{id}}", KIND, delete, subscription_parameters.ITEM_DELETE, WRITE),
]
