"""Faults in what Stripe does, planted by the control API, so that a test can show who notices them.

The place that does a thing asks whether it is to be done wrongly. Dry runs and previews know of no fault.
"""

from billingportal.sandbox.state.store import Store

BEHAVIORS = {
    "cancel_ignored": "A subscription that is to end goes on.",
    "coupon_forgotten": "Renewals are billed without the subscription's discounts.",
    "downgrade_at_once": "A schedule's next phase begins at once.",
    "meter_event_doubled": "A meter event is counted twice.",
    "meter_event_lost": "A meter event is accepted and never counted.",
    "proration_off": "A change within a period credits and charges nothing.",
    "repair_unnoticed": "A past due subscription stays so although its invoice is paid.",
    "tax_added": "Every invoice has 10% of tax that nobody asked for.",
    "trial_card_rule_ignored": "A trial that ends without a payment method is billed.",
    "trial_ignored": "A subscription begins without its trial.",
    "use_at_new_price": "The use before a change of price is billed at the price after it.",
    "webhook_dropped": "An event is not delivered.",
    "webhook_late": "An event is delivered after those that follow it.",
}
# How often a fault happens where the control API does not say; others happen always.
ONCE = ("meter_event_doubled", "meter_event_lost", "webhook_dropped", "webhook_late")


def plant(store: Store, name: str, count: int | None, kind: str | None) -> None:
    """Plant a fault, for `count` occurrences or (None) all; `kind` is the only type of event that it is for, if any."""
    store.planted[name] = {"left": count, "type": kind}


def happens(store: Store, name: str, kind: str | None = None) -> bool:
    """Whether a planted fault happens now, counted."""
    fault = store.planted.get(name)
    if fault is None or fault["left"] == 0 or fault["type"] not in (None, kind):
        return False
    if fault["left"] is not None:
        fault["left"] -= 1
    return True
