"""Stub periods, shorter than the price's interval, and their cost."""

from billingportal.sandbox.billing.invoicing.lines import Draft, is_metered, period_drafts, proration_drafts
from billingportal.sandbox.billing.subscription.items import interval_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after


def period_or_share(call: Call, subscription: Document, item: Document) -> list[Draft]:
    """The lines of an item's period: the full price, or its share for a shorter period."""
    store, currency = call.store, subscription["currency"]
    if is_metered(store, item) or not is_stub(call, subscription, item):
        return list(period_drafts(store, item, currency))
    whole = {**item, "current_period_start": whole_start(call, subscription, item)}
    return list(proration_drafts(store, whole, item["current_period_start"], currency, credit=False))


def is_stub(call: Call, subscription: Document, item: Document) -> bool:
    """Whether an item's period begins later than the anchored period with the same end."""
    return bool(whole_start(call, subscription, item) < item["current_period_start"])


def whole_start(call: Call, subscription: Document, item: Document) -> int:
    """The start of the anchored period that ends with the item's period."""
    interval, count = interval_of(call.store.objects["price"][item["price"]])
    anchor, end = subscription["billing_cycle_anchor"], item["current_period_end"]
    steps = 0
    while after(anchor, interval, count * steps) < end:
        steps += 1
    return after(anchor, interval, count * (steps - 1))
