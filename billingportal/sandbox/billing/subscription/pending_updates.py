"""Applies or expires a subscription's pending update."""

from billingportal.sandbox.billing.invoicing.voids import void
from billingportal.sandbox.billing.subscription.scheduled_end import settle_cancellation
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import merged
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating

BILLED = {"billing_cycle_anchor", "items", "trial_end"}


def stands_against(subscription: Document, given: Document) -> bool:
    """Whether the new request replaces the pending update."""
    waiting = subscription["pending_update"]
    if waiting is None:
        return False
    end = given.get("cancel_at_period_end", waiting["cancel_at_period_end"])
    return bool(given.keys() & BILLED) or end != waiting["cancel_at_period_end"]


def waits_for(call: Call, invoice: Document) -> Document | None:
    """The subscription whose pending update waits for this invoice."""
    details = (invoice["parent"] or {}).get("subscription_details")
    subscription = call.store.find("subscription", details["subscription"]) if details else None
    waiting = subscription["pending_update"] if subscription else None
    return subscription if waiting and waiting["_invoice"] == invoice["id"] else None


def apply_paid(call: Call, invoice: Document) -> None:
    """Apply the pending update whose invoice is paid now; does nothing without one."""
    subscription = waits_for(call, invoice)
    if subscription is None:
        return
    with updating(call, "customer.subscription.updated", subscription):
        waiting, subscription["pending_update"] = subscription["pending_update"], None
        apply_items(call, subscription, waiting)
        if waiting["trial_end"] is not None:
            subscription.update(waiting["_trial"])
        if waiting["metadata"]:
            subscription["metadata"] = merged(subscription["metadata"], waiting["metadata"])
        if waiting["cancel_at_period_end"] is not None:
            settle_cancellation(call, subscription, {"cancel_at_period_end": waiting["cancel_at_period_end"]})
    emit(call, "customer.subscription.pending_update_applied", subscription)


def apply_items(call: Call, subscription: Document, waiting: Document) -> None:
    """Apply the pending items; they keep the current period, unless the update starts another cycle."""
    items = call.store.objects["subscription_item"]
    coming = [item["id"] for item in waiting["subscription_items"]]
    for identifier in subscription["_items"]:
        if identifier not in coming:
            items[identifier]["deleted"] = True
    for item in waiting["subscription_items"]:
        known = items.get(item["id"])
        moves = known is None or waiting["billing_cycle_anchor"] is not None or waiting["trial_end"] is not None
        kept = {} if moves or known is None else {name: known[name] for name in PERIOD}
        items[item["id"]] = {**item, **kept}
    subscription["_items"] = coming
    if waiting["billing_cycle_anchor"] is not None:
        subscription["billing_cycle_anchor"] = waiting["billing_cycle_anchor"]


def expire(call: Call, subscription: Document) -> None:
    """Drop the pending update: it expired, another change replaces it, or the subscription ends."""
    with updating(call, "customer.subscription.updated", subscription):
        waiting, subscription["pending_update"] = subscription["pending_update"], None
    emit(call, "customer.subscription.pending_update_expired", subscription)
    invoice = call.store.objects["invoice"][waiting["_invoice"]]
    if invoice["status"] == "open":
        void(call, invoice)


PERIOD = ("current_period_end", "current_period_start")
