"""Applies an update to a subscription's items, and drafts the resulting lines."""

from dataclasses import replace

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.lines import (
    Draft,
    is_metered,
    opens_unbilled,
    period_drafts,
    proration_drafts,
)
from billingportal.sandbox.billing.invoicing.pending_invoice_items import put_by
from billingportal.sandbox.billing.invoicing.stubs import whole_start
from billingportal.sandbox.billing.metering.checks import FUTURE_SECONDS
from billingportal.sandbox.billing.metering.usage import close_usage, unbilled
from billingportal.sandbox.billing.subscription.item_requests import ItemChange, apply_change
from billingportal.sandbox.billing.subscription.items import set_period
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted


def apply_changes(call: Call, subscription: Document, changes: list[ItemChange]) -> tuple[list[Draft], bool]:
    """Apply the requested items. Returns the resulting lines, and whether the billing cycle restarts."""
    given = call.parameters
    trial = trial_change(call, subscription)
    reset = restarts(subscription, given, trial, changes)
    starts_trial = trial == "extended" and subscription["status"] != "trialing"
    prorated = subscription["status"] != "trialing" and given.get("proration_behavior") != "none"
    prorated = prorated and not (changes and planted.happens(call.store, "proration_off"))
    changed = {change.item for change in changes}
    drafts: list[Draft] = []
    if prorated:
        leaving = [one for one in subscription["_items"] if reset or starts_trial or one in changed]
        drafts += rest_of_period(call, subscription, leaving, credit=True)
    drafts += use_until_now(call, subscription, changes, reset=reset or starts_trial)
    left = [apply_change(call, subscription, change) for change in changes]
    if trial == "extended":
        extend_trial(call, subscription, given["trial_end"])
    if reset:
        return drafts + restart(call, subscription), True
    if starts_trial:
        return drafts, True
    if prorated:
        drafts += rest_of_period(call, subscription, [item["id"] for item in left if item is not None], credit=False)
    return drafts, False


def invoiced(
    call: Call, subscription: Document, drafts: list[Draft], *, at_once: bool, reason: str = "subscription_update"
) -> Document | None:
    """The draft invoice that an update makes at once of its lines; None where they wait for the next invoice."""
    if not drafts:
        return None
    if at_once or call.parameters.get("proration_behavior") == "always_invoice":
        return invoice_creation.make_invoice(call, subscription, drafts, reason)
    put_by(call, subscription, drafts)
    return None


def use_until_now(call: Call, subscription: Document, changes: list[ItemChange], *, reset: bool) -> list[Draft]:
    """The usage of metered items so far, where it is billed now: what was reported before has the old price.

    A new billing cycle bills all of them. In flexible mode, a new price or an item's removal bills that item, and
    loses its usage where prorations are declined; in classic mode it loses it always.
    """
    flexible = subscription["billing_mode"]["type"] == "flexible"
    bills = flexible and call.parameters.get("proration_behavior") != "none"
    items, drafts = call.store.objects["subscription_item"], []
    switched = {
        change.item
        for change in changes
        if change.item is not None and (change.price is None or change.price["id"] != items[change.item]["price"])
    }
    for identifier in subscription["_items"]:
        item = items[identifier]
        if is_metered(call.store, item) and (reset or (bills and identifier in switched)):
            billed = {**item, "price": price_of_use(call, item, changes)}
            found = unbilled(call, subscription, billed, call.now() + FUTURE_SECONDS)
            drafts += [replace(draft, item=dict(item)) for draft in found]
        if reset or identifier in switched:
            close_usage(call.store, item)
    return drafts


def price_of_use(call: Call, item: Document, changes: list[ItemChange]) -> str:
    """The price that an item's use so far is billed at: its own, or by a planted fault the one that follows it."""
    own, prices = str(item["price"]), call.store.objects["price"]
    following = (change.price for change in changes if change.item == item["id"] and change.price is not None)
    meter = prices[own]["recurring"]["meter"]
    later = next((price for price in following if price["recurring"]["meter"] == meter), None)
    if meter is None or later is None or not planted.happens(call.store, "use_at_new_price"):
        return own
    return str(later["id"])


def restarts(subscription: Document, given: Document, trial: str | None, changes: list[ItemChange]) -> bool:
    """Whether the billing cycle restarts now: on request, when a trial ends, when a change needs it outside a trial."""
    if trial == "ended" or given.get("billing_cycle_anchor", {}).get("type") == "now":
        return True
    return subscription["status"] != "trialing" and any(change.resets for change in changes)


def rest_of_period(call: Call, subscription: Document, items: list[str], *, credit: bool) -> list[Draft]:
    """The credit or the charge for the rest of the items' periods."""
    moment = call.parameters.get("proration_date", call.now())
    store, currency = call.store, subscription["currency"]
    found = [store.objects["subscription_item"][identifier] for identifier in items]
    # An item that was added within the period costs its share of the whole period.
    whole = [{**item, "current_period_start": whole_start(call, subscription, item)} for item in found]
    return [draft for item in whole for draft in proration_drafts(store, item, moment, currency, credit=credit)]


def trial_change(call: Call, subscription: Document) -> str | None:
    """Whether a trial is `ended` now or `extended`."""
    given = call.parameters
    if "trial_end" not in given:
        return None
    if given["trial_end"] == "now":
        return "ended" if subscription["status"] == "trialing" else None
    if given["trial_end"] <= call.now():
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    return "extended"


def extend_trial(call: Call, subscription: Document, end: int) -> None:
    """Extend the trial until `end`; every item's period lasts as long."""
    start = subscription["trial_start"] or call.now()
    subscription.update(trial_start=start, trial_end=end, billing_cycle_anchor=end, status="trialing")
    for identifier in subscription["_items"]:
        set_period(call, call.store.objects["subscription_item"][identifier], start, end, until=end)


def restart(call: Call, subscription: Document) -> list[Draft]:
    """Restart the billing cycle now: new periods for all items at their full price."""
    moment = call.now()
    subscription["billing_cycle_anchor"] = moment
    if subscription["status"] == "trialing":
        subscription.update(status="active", trial_end=moment)
    drafts: list[Draft] = []
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        set_period(call, item, moment, moment)
        if not opens_unbilled(call.store, subscription, item):
            drafts.extend(period_drafts(call.store, item, subscription["currency"]))
    return drafts
