"""Dry runs of changes to a subscription."""

from copy import deepcopy
from dataclasses import replace

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Store

WRITTEN = (
    "charge",
    "discount",
    "invoice",
    "invoice_payment",
    "invoiceitem",
    "line_item",
    "payment_intent",
    "subscription",
    "subscription_item",
)


def rehearsal(call: Call, parameters: Document, subscription: Document | None) -> Call:
    """A call whose changes to a subscription, its items and invoices, and whose events, are discarded."""
    objects = call.store.objects
    written = {kind: dict(objects.get(kind, {})) for kind in WRITTEN}
    for kind, identifier in parts_of(call.store, subscription):
        written[kind][identifier] = deepcopy(written[kind][identifier])
    store = Store(call.store.account, call.store.livemode, {**objects, **written})
    return replace(call, store=store, parameters=parameters, events=[], rehearses=True)


def parts_of(store: Store, subscription: Document | None) -> list[tuple[str, str]]:
    """Object type and id of each part of a subscription that may change."""
    if subscription is None:
        return []
    items = [("subscription_item", identifier) for identifier in subscription["_items"]]
    pending = [("invoiceitem", identifier) for identifier in subscription["_pending"]]
    owners = [subscription, *(store.objects["subscription_item"][one] for one in subscription["_items"])]
    discounts = [("discount", identifier) for owner in owners for identifier in owner["discounts"]]
    return [("subscription", subscription["id"]), *items, *pending, *discounts]
