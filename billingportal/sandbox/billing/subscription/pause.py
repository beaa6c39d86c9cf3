"""Pauses a subscription, with credits and bills, and resumes it once the invoice is paid."""

from billingportal.sandbox.billing.invoicing.lines import Draft, opens_unbilled, period_drafts, proration_drafts
from billingportal.sandbox.billing.metering.usage import close_usage, unbilled
from billingportal.sandbox.billing.subscription.items import interval_of, set_period
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after
from billingportal.sandbox.state.changes import emit, updating

HOUR = 3600
WAITS = 23 * HOUR


def check_pausable(subscription: Document) -> None:
    """Raises Refused for subscriptions that Stripe does not pause."""
    if subscription["billing_mode"]["type"] != "flexible":
        raise invalid("You can only pause subscriptions with `billing_mode[type]=flexible`.")
    if subscription["status"] != "active":
        raise invalid(f"You can only pause active subscriptions. This subscription is {subscription['status']}.")
    if subscription["schedule"] is not None:
        raise invalid("You cannot pause a subscription that is managed by a subscription schedule.")
    if subscription["collection_method"] != "charge_automatically":
        raise invalid("You can only pause subscriptions with `collection_method=charge_automatically`.")


def stop(call: Call, subscription: Document, reason: str) -> None:
    """Stop billing from now on."""
    with updating(call, "customer.subscription.updated", subscription):
        subscription["status"] = "paused"
        subscription["status_details"] = {
            "paused": {
                "subscription": {"type": reason},
                "transitioned_at": call.now(),
                "type": "subscription",
            }
        }
    emit(call, "customer.subscription.paused", subscription)


def pause_drafts(call: Call, subscription: Document, bill_for: Document) -> list[Draft]:
    """The lines of a pause: credit for the unused time, usage so far."""
    unused = bill_for.get("unused_time_from", {}).get("type", "now")
    used = bill_for.get("outstanding_usage_through", {}).get("type", "now")
    drafts: list[Draft] = []
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        if unused != "none":
            moment = call.now() if unused == "now" else item["current_period_start"]
            drafts += proration_drafts(call.store, dict(item), moment, subscription["currency"], credit=True)
        if used == "now":
            drafts += unbilled(call, subscription, dict(item), call.now())
        close_usage(call.store, item)
    return drafts


def check_resumable(subscription: Document) -> None:
    """Raises Refused for a subscription that is not paused, and where Stripe does not charge automatically."""
    if subscription["status"] != "paused":
        raise invalid(f"You can only resume paused subscriptions. This subscription is {subscription['status']}.")
    if subscription["collection_method"] != "charge_automatically":
        raise invalid("You can only resume subscriptions with `collection_method=charge_automatically`.")


def resume_drafts(call: Call, subscription: Document) -> tuple[list[Draft], bool]:
    """The lines of the continued period, or of one that starts now; whether one starts now."""
    given, moment = call.parameters, call.now()
    fresh = given.get("billing_cycle_anchor", {}).get("type", "now") == "now"
    if fresh:
        subscription["billing_cycle_anchor"] = moment
    drafts: list[Draft] = []
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        close_usage(call.store, item)
        if fresh:
            set_period(call, item, moment, moment)
            if not opens_unbilled(call.store, subscription, item):
                drafts += period_drafts(call.store, dict(item), subscription["currency"])
            continue
        catch_up(call, item, subscription["billing_cycle_anchor"])
        if given.get("proration_behavior") != "none":
            start = given.get("proration_date", moment)
            drafts += proration_drafts(call.store, dict(item), start, subscription["currency"], credit=False)
    return drafts, fresh


def catch_up(call: Call, item: Document, anchor: int) -> None:
    """Put an item into the period that it would be in without the pause."""
    interval, count = interval_of(call.store.objects["price"][item["price"]])
    if item["current_period_end"] > call.now():
        return
    steps = 0
    while after(anchor, interval, count * (steps + 1)) <= call.now():
        steps += 1
    set_period(call, item, after(anchor, interval, count * steps), anchor)


def start(call: Call, subscription: Document, status: str = "active") -> None:
    """End the pause."""
    with updating(call, "customer.subscription.updated", subscription):
        subscription.update(status=status, status_details=None)
        subscription.pop("_resumption", None)
    emit(call, "customer.subscription.resumed", subscription)


def wait_for(call: Call, subscription: Document, invoice: Document) -> None:
    """Pause until this invoice is paid, or at least until its payment was attempted."""
    behavior = call.parameters.get("payment_behavior", "resume_on_payment_attempt")
    subscription["_resumption"] = {"invoice": invoice["id"], "on": behavior, "expires_at": call.now() + WAITS}


def waiting_for(call: Call, invoice: Document) -> Document | None:
    """The subscription that is paused until this invoice is paid."""
    details = (invoice["parent"] or {}).get("subscription_details")
    subscription = call.store.find("subscription", details["subscription"]) if details else None
    waits = subscription.get("_resumption") if subscription else None
    return subscription if waits and waits["invoice"] == invoice["id"] else None


def settled(call: Call, invoice: Document) -> None:
    """An invoice was paid or given up: resume the subscription that was paused until then."""
    subscription = waiting_for(call, invoice)
    if subscription is not None:
        start(call, subscription)


def failed(call: Call, invoice: Document) -> None:
    """A payment failed: a subscription that resumes on the attempt does so, as past due."""
    subscription = waiting_for(call, invoice)
    if subscription is not None and subscription["_resumption"]["on"] == "resume_on_payment_attempt":
        start(call, subscription, "past_due")


def forget(call: Call, invoice: Document) -> None:
    """The invoice is void: the subscription stays paused."""
    subscription = waiting_for(call, invoice)
    if subscription is not None:
        del subscription["_resumption"]
