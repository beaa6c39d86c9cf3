"""Moves a subscription from one phase of its schedule to the next."""

from dataclasses import replace

from billingportal.sandbox.billing.invoicing.lines import Draft, is_metered
from billingportal.sandbox.billing.invoicing.stubs import period_or_share
from billingportal.sandbox.billing.metering.usage import usage_drafts
from billingportal.sandbox.billing.schedules import lifecycle as schedule_lifecycle
from billingportal.sandbox.billing.schedules.phase_terms import put_item_terms, put_terms
from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.billing.subscription import trials as subscription_trials
from billingportal.sandbox.billing.subscription.item_requests import ItemChange, apply_change, read_changes
from billingportal.sandbox.billing.subscription.item_updates import price_of_use
from billingportal.sandbox.billing.subscription.items import interval_of, set_period
from billingportal.sandbox.billing.time import cycles
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import updating


def move_on(call: Call, schedule: Document) -> None:
    """The current phase is over: the next one begins, or the schedule ends."""
    ended = schedule["current_phase"]["end_date"]
    following = next((phase for phase in schedule["phases"] if phase["start_date"] == ended), None)
    if following is None:
        finish(call, schedule)
        return
    with updating(call, f"{schedule_lifecycle.KIND}.updated", schedule):
        schedule["current_phase"] = {"end_date": following["end_date"], "start_date": ended}
    enter(call, schedule_lifecycle.subscription_of(call, schedule), following)


def follow(call: Call, schedule: Document, proration: str) -> None:
    """The phases were replaced: apply the current one to the subscription, or move on to the next."""
    start = schedule["current_phase"]["start_date"]
    current = next(phase for phase in schedule["phases"] if phase["start_date"] == start)
    enter(call, schedule_lifecycle.subscription_of(call, schedule), current, proration)
    later = [phase for phase in schedule["phases"] if phase["start_date"] > call.now()]
    if later and planted.happens(call.store, "downgrade_at_once"):
        enter(call, schedule_lifecycle.subscription_of(call, schedule), later[0])
    while schedule["current_phase"] is not None and schedule["current_phase"]["end_date"] <= call.now():
        move_on(call, schedule)


def finish(call: Call, schedule: Document) -> None:
    """Complete the schedule after its last phase, or release the subscription."""
    if schedule["end_behavior"] == "cancel":
        schedule_lifecycle.complete(call, schedule)
    else:
        schedule_lifecycle.release(call, schedule)


def enter(call: Call, subscription: Document, phase: Document, proration: str | None = None) -> None:
    """Apply a phase to a subscription.

    If the changed items begin a new period anyway, the change comes with the renewal; otherwise it is an update at
    once, with the phase's `proration` unless another is given.
    """
    at, items = call.now(), call.store.objects["subscription_item"]
    given = wanted(call, subscription, phase)
    changes = read_changes(call, subscription, given)
    renews = any(items[one]["current_period_end"] == at for one in subscription["_items"])
    if renews and all(change.item is None or items[change.item]["current_period_end"] == at for change in changes):
        with updating(call, "customer.subscription.updated", subscription):
            put_terms(call, subscription, phase)
            drafts = swap(call, subscription, changes, phase)
            put_item_terms(call, subscription, phase)
        if subscription["status"] == "trialing":
            subscription_trials.end(call, subscription)
        elif subscription["status"] != "paused":
            cycles.renew(call, subscription, at, drafts)
        return
    with updating(call, "customer.subscription.updated", subscription):
        put_terms(call, subscription, phase)
    update = {"items": given, "proration_behavior": proration or phase["proration_behavior"]}
    if phase["billing_cycle_anchor"] == "phase_start":
        update["billing_cycle_anchor"] = {"type": "now"}
    if given:
        subscription_changes.update(replace(call, parameters=update), subscription)
    with updating(call, "customer.subscription.updated", subscription):
        put_item_terms(call, subscription, phase)


def wanted(call: Call, subscription: Document, phase: Document) -> list[Document]:
    """The items of a phase as an update gives them: the same price stays, others replace one of the same usage type."""
    items = call.store.objects["subscription_item"]
    left = {items[one]["price"]: one for one in subscription["_items"]}
    given, coming = [], []
    for item in phase["items"]:
        known = left.pop(item["price"], None)
        if known is None:
            coming.append(item)
        elif items[known]["quantity"] != item["quantity"]:
            given.append({"id": known, "quantity": item["quantity"]})
    for item in coming:
        kind = item["quantity"] is None
        place = next((price for price, one in left.items() if (items[one]["quantity"] is None) == kind), None)
        new = {"price": item["price"], "metadata": item["metadata"]} | ({} if kind else {"quantity": item["quantity"]})
        given.append(new if place is None else {"id": left.pop(place), **new})
    return [*given, *({"id": one, "deleted": True} for one in left.values())]


def swap(call: Call, subscription: Document, changes: list[ItemChange], phase: Document) -> list[Draft]:
    """Change the items between two periods. Returns the lines that the renewal does not include."""
    at, store = call.now(), call.store
    items, prices = store.objects["subscription_item"], store.objects["price"]
    before = {interval_of(prices[items[one]["price"]]) for one in subscription["_items"]}
    coming = {interval_of(change.price) for change in changes if change.price is not None}
    if coming - before or phase["billing_cycle_anchor"] == "phase_start":
        subscription["billing_cycle_anchor"] = at
    drafts: list[Draft] = []
    for change in changes:
        old = None if change.item is None else items[change.item]
        if old is not None and is_metered(store, old) and subscription["status"] != "trialing":
            drafts += usage_drafts(call, {**old, "price": price_of_use(call, old, changes)}, subscription, at - 1)
        new = apply_change(call, subscription, change)
        if new is None:
            continue
        if old is None and not is_metered(store, new):
            drafts += period_or_share(call, subscription, new)
        elif old is not None and is_metered(store, new):
            set_period(call, new, at, subscription["billing_cycle_anchor"])
    return drafts
