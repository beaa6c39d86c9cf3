"""Changing a subscription: its terms, its items, and what the change costs."""

from billingportal.sandbox.billing import canceling, collecting, invoicing
from billingportal.sandbox.billing.blank_subscription import days_until_due
from billingportal.sandbox.billing.items import set_period
from billingportal.sandbox.billing.lines import Draft, period_drafts, proration_drafts
from billingportal.sandbox.billing.pending import keep
from billingportal.sandbox.billing.replacing import ItemChange, apply_change, read_changes
from billingportal.sandbox.billing.scheduled_end import settle_cancellation
from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import updating
from billingportal.sandbox.errors import invalid
from billingportal.sandbox.fields import merged, or_none
from billingportal.sandbox.present import ENDED
from billingportal.sandbox.resources import payment_methods
from billingportal.sandbox.wire import Document


def update(call: Call, subscription: Document) -> Document:
    """Change it. Raises Refused before anything is kept."""
    given = call.parameters
    check_changeable(subscription, given)
    check_proration_date(call, subscription, given.get("proration_date"), "proration_date")
    changes = read_changes(call, subscription, given.get("items", []))
    with updating(call, "customer.subscription.updated", subscription):
        apply_terms(call, subscription, given)
        settle_cancellation(call, subscription, given)
        drafts, reset = apply_changes(call, subscription, changes)
        bill(call, subscription, drafts, at_once=reset)
    return subscription


def check_changeable(subscription: Document, given: Document) -> None:
    """Raises Refused: an ended subscription takes nothing but metadata and its cancellation details."""
    if subscription["status"] in ENDED and given.keys() - {"metadata", "cancellation_details"}:
        message = (
            "A canceled subscription can only update its cancellation_details and metadata."
            if subscription["status"] == "canceled"
            else "An expired subscription can only update its cancellation_details and metadata."
        )
        raise invalid(message)


def check_proration_date(call: Call, subscription: Document, moment: int | None, path: str) -> None:
    """Raises Refused for a time, in seconds, outside the period that runs; None is now."""
    items = [call.store.objects["subscription_item"][identifier] for identifier in subscription["_items"]]
    if moment is None or all(item["current_period_start"] <= moment <= item["current_period_end"] for item in items):
        return
    raise invalid(f"`{path}` must be within the current period of the subscription.", path)


def apply_terms(call: Call, subscription: Document, given: Document) -> None:
    """Everything but the items."""
    if "collection_method" in given or "days_until_due" in given:
        method = given.get("collection_method", subscription["collection_method"])
        subscription["days_until_due"] = days_until_due({**given, "collection_method": method})
        subscription["collection_method"] = method
    if "default_payment_method" in given:
        customer = subscription["customer"]
        method = payment_methods.usable(call, given["default_payment_method"], customer, "default_payment_method")
        subscription["default_payment_method"] = method
    for name in ("description", "pause_collection"):
        if name in given:
            subscription[name] = or_none(given[name])
    if subscription["pause_collection"]:
        subscription["pause_collection"].setdefault("resumes_at", None)
    if "metadata" in given:
        subscription["metadata"] = merged(subscription["metadata"], given["metadata"])
    if "trial_settings" in given:
        subscription["trial_settings"] = given["trial_settings"]
    subscription["payment_settings"].update(given.get("payment_settings", {}))
    canceling.apply_details(subscription, given.get("cancellation_details", {}))


def apply_changes(call: Call, subscription: Document, changes: list[ItemChange]) -> tuple[list[Draft], bool]:
    """The items as asked for, with the lines that come of it; whether the billing cycle starts anew."""
    given = call.parameters
    trial = trial_change(call, subscription)
    reset = restarts(subscription, given, trial, changes)
    prorated = subscription["status"] != "trialing" and given.get("proration_behavior") != "none"
    changed = {change.item for change in changes}
    drafts: list[Draft] = []
    if prorated:
        leaving = [one for one in subscription["_items"] if reset or one in changed]
        drafts += rest_of_period(call, subscription, leaving, credit=True)
    left = [apply_change(call, subscription, change) for change in changes]
    if trial == "extended":
        extend_trial(call, subscription, given["trial_end"])
    if reset:
        return drafts + restart(call, subscription), True
    if prorated:
        drafts += rest_of_period(call, subscription, [item["id"] for item in left if item is not None], credit=False)
    return drafts, False


def restarts(subscription: Document, given: Document, trial: str | None, changes: list[ItemChange]) -> bool:
    """Whether the billing cycle starts now: when told to, when a trial ends, when a change needs it outside a trial."""
    if trial == "ended" or given.get("billing_cycle_anchor", {}).get("type") == "now":
        return True
    return subscription["status"] != "trialing" and any(change.resets for change in changes)


def rest_of_period(call: Call, subscription: Document, items: list[str], *, credit: bool) -> list[Draft]:
    """What the rest of the items' periods gives back, or costs."""
    moment = call.parameters.get("proration_date", call.now())
    store, currency = call.store, subscription["currency"]
    return [
        draft
        for identifier in items
        for draft in proration_drafts(
            store, dict(store.objects["subscription_item"][identifier]), moment, currency, credit=credit
        )
    ]


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
    """The subscription tries until `end`; every item's period lasts as long."""
    start = subscription["trial_start"] or call.now()
    subscription.update(trial_start=start, trial_end=end, billing_cycle_anchor=end, status="trialing")
    for identifier in subscription["_items"]:
        set_period(call, call.store.objects["subscription_item"][identifier], start, end, until=end)


def restart(call: Call, subscription: Document) -> list[Draft]:
    """Start the billing cycle now: new periods for all items and their whole price."""
    moment = call.now()
    subscription["billing_cycle_anchor"] = moment
    if subscription["status"] == "trialing":
        subscription.update(status="active", trial_end=moment)
    drafts: list[Draft] = []
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        set_period(call, item, moment, moment)
        drafts.extend(period_drafts(call.store, item, subscription["currency"]))
    return drafts


def bill(call: Call, subscription: Document, drafts: list[Draft], *, at_once: bool) -> None:
    """Invoice the lines now, or leave prorations for the next invoice."""
    if not drafts:
        return
    if not at_once and call.parameters.get("proration_behavior") != "always_invoice":
        keep(call, subscription, drafts)
        return
    invoice = invoicing.make_invoice(call, subscription, drafts, "subscription_update")
    invoicing.finalize(call, invoice)
    paid = collecting.collect(call, invoice, collecting.payment_method_of(call.store, subscription))
    sends = subscription["collection_method"] == "send_invoice"
    if not paid and not sends and subscription["status"] == "active":
        subscription["status"] = "past_due"
