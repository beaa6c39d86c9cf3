"""The customer's change of plan: at once, or at the end of the period if the configuration says so."""

from decimal import Decimal

from billingportal.sandbox.amounts import total
from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.billing.subscription.items import interval_of
from billingportal.sandbox.customer_portal.actions import doing
from billingportal.sandbox.customer_portal.visit import Visit
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after
from billingportal.sandbox.resources.hosted.portal_sessions import offered, why_fixed
from billingportal.sandbox.resources.subscriptions import schedules as subscription_schedules


def switch(call: Call, visit: Visit, subscription: Document, price: str, quantity: int) -> None:
    """Change price or quantity. Raises Refused for changes that the configuration does not offer, and unpaid ones."""
    feature = visit.configuration["features"]["subscription_update"]
    reason = why_fixed(call, subscription)
    if reason is not None or price not in offered(visit.configuration):
        raise invalid(f"This subscription cannot be updated here{': ' + reason if reason else ''}.")
    conditions = {condition["type"] for condition in feature["schedule_at_period_end"]["conditions"]}
    if conditions & ways_down(call, subscription, price, quantity):
        switch_later(call, subscription, price, quantity)
        return
    terms: Document = {
        "items": [{"id": subscription["_items"][0], "price": price, "quantity": quantity}],
        "payment_behavior": "error_if_incomplete",
        "proration_behavior": feature["proration_behavior"],
    }
    if feature["billing_cycle_anchor"] == "now":
        terms["billing_cycle_anchor"] = {"type": "now"}
    if subscription["status"] == "trialing" and feature["trial_update_behavior"] == "end_trial":
        terms["trial_end"] = "now"
    subscription_changes.update(doing(call, **terms), subscription)


def ways_down(call: Call, subscription: Document, price: str, quantity: int) -> set[str]:
    """The conditions under which a change is a downgrade: a smaller sum, a shorter interval."""
    prices, currency = call.store.objects["price"], subscription["currency"]
    item = call.store.objects["subscription_item"][subscription["_items"][0]]
    old, new = prices[item["price"]], prices[price]
    less = total(new, Decimal(quantity), currency) < total(old, Decimal(item["quantity"]), currency)
    shorter = after(0, *interval_of(new)) < after(0, *interval_of(old))
    return {name for name, holds in (("decreasing_item_amount", less), ("shortening_interval", shorter)) if holds}


def switch_later(call: Call, subscription: Document, price: str, quantity: int) -> None:
    """Schedule the change for the end of the period."""
    schedule = subscription_schedules.create(doing(call, from_subscription=subscription["id"]))
    current = schedule["phases"][0]
    items = [{"price": item["price"], "quantity": item["quantity"]} for item in current["items"]]
    interval, count = interval_of(call.store.objects["price"][price])
    phases = [
        {"items": items, "start_date": current["start_date"], "end_date": current["end_date"]},
        {
            "items": [{"price": price, "quantity": quantity}],
            "duration": {"interval": interval, "interval_count": count},
            "proration_behavior": "none",
        },
    ]
    subscription_schedules.update(doing(call, phases=phases, end_behavior="release"), schedule["id"])
