"""Reads an update's item changes: keep, change, add, remove."""

from dataclasses import dataclass
from decimal import Decimal

from billingportal.sandbox.amounts import total
from billingportal.sandbox.billing.metering.usage import close_usage
from billingportal.sandbox.billing.subscription.items import (
    check_together,
    interval_of,
    make_item,
    price_for,
    put_item_terms,
    quantity_for,
    set_period,
)
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import merged
from billingportal.sandbox.http.wire import Document


@dataclass(frozen=True)
class ItemChange:
    """One item's change; `item` is None for a new item, `price` for a removed one."""

    item: str | None
    price: Document | None
    given: Document
    path: str
    resets: bool


def read_changes(call: Call, subscription: Document, given: list[Document], path: str = "items") -> list[ItemChange]:
    """The changes requested in `path`, checked together.

    Raises Refused for ids of other subscriptions and bad combinations.
    """
    changes = [read_change(call, subscription, item, f"{path}[{position}]") for position, item in enumerate(given)]
    if not changes:
        return []
    gone = {change.item for change in changes}
    items, prices = call.store.objects["subscription_item"], call.store.objects["price"]
    staying = [prices[items[one]["price"]] for one in subscription["_items"] if one not in gone]
    coming = [change.price for change in changes if change.price is not None]
    flexible = subscription["billing_mode"]["type"] == "flexible"
    check_together(call, [*staying, *coming], subscription["currency"], flexible=flexible, path=path)
    return changes


def read_change(call: Call, subscription: Document, given: Document, path: str) -> ItemChange:
    """One change. Raises Refused."""
    identifier = given.get("id")
    if identifier is None:
        price = price_for(call, given, path)
        quantity_for(price, given, path)
        return ItemChange(None, price, given, path, resets=False)
    if identifier not in subscription["_items"]:
        raise call.absent("subscription_item", identifier, f"{path}[id]", status=400)
    if given.get("deleted"):
        return ItemChange(identifier, None, given, path, resets=False)
    old = call.store.objects["price"][call.store.objects["subscription_item"][identifier]["price"]]
    price = price_for(call, given, path) if given.keys() & {"price", "price_data"} else old
    before = call.store.objects["subscription_item"][identifier]["quantity"]
    after = quantity_for(price, given, path) if price is not old or "quantity" in given else before
    paid = not costs(old, before, subscription["currency"]) and costs(price, after, subscription["currency"])
    return ItemChange(identifier, price, given, path, resets=paid or interval_of(old) != interval_of(price))


def costs(price: Document, quantity: int | None, currency: str) -> bool:
    """Whether a quantity of a price costs anything in advance; usage does not."""
    return quantity is not None and total(price, Decimal(quantity), currency) > 0


def apply_change(call: Call, subscription: Document, change: ItemChange) -> Document | None:
    """Apply the change. Returns the item, or None when it was removed."""
    if change.price is None:
        item = call.store.objects["subscription_item"][str(change.item)]
        item["deleted"] = True
        subscription["_items"].remove(item["id"])
        return None
    if change.item is None:
        item = make_item(call, subscription, change.price, change.given, change.path)
        set_period(call, item, call.now(), subscription["billing_cycle_anchor"], running_trial(subscription))
        close_usage(call.store, item)
        return item
    item = call.store.objects["subscription_item"][change.item]
    replaced = item["price"] != change.price["id"]
    item["price"] = change.price["id"]
    if replaced or "quantity" in change.given:
        item["quantity"] = quantity_for(change.price, change.given, change.path)
    if "metadata" in change.given:
        item["metadata"] = merged(item["metadata"], change.given["metadata"])
    put_item_terms(call, subscription, item, change.given, change.path)
    return item


def running_trial(subscription: Document) -> int | None:
    """The end of the current trial."""
    end: int | None = subscription["trial_end"]
    return end if subscription["status"] == "trialing" else None
