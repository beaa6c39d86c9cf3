"""The terms of a subscription: everything but its items."""

from billingportal.sandbox.billing import canceling
from billingportal.sandbox.billing.blank_subscription import automatic_tax, days_until_due
from billingportal.sandbox.billing.granting import grant
from billingportal.sandbox.billing.lines import period_drafts
from billingportal.sandbox.billing.redeeming import redeem
from billingportal.sandbox.billing.taxing import check_computable
from billingportal.sandbox.call import Call
from billingportal.sandbox.fields import merged, or_none
from billingportal.sandbox.resources import payment_methods
from billingportal.sandbox.wire import Document


def apply_terms(call: Call, subscription: Document) -> None:
    """Put the call's terms into a subscription. Raises Refused."""
    given = call.parameters
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
    for discount in grant(call, subscription, price_of(call, subscription)):
        redeem(call, discount)
    if "automatic_tax" in given:
        check_computable(call, call.store.objects["customer"][subscription["customer"]], given["automatic_tax"])
        subscription["automatic_tax"] = automatic_tax(given["automatic_tax"])
    if "trial_settings" in given:
        subscription["trial_settings"] = given["trial_settings"]
    subscription["payment_settings"].update(given.get("payment_settings", {}))
    canceling.apply_details(subscription, given.get("cancellation_details", {}))


def price_of(call: Call, subscription: Document) -> int:
    """What a subscription costs for a period, before discounts."""
    items = [call.store.objects["subscription_item"][identifier] for identifier in subscription["_items"]]
    return sum(line.amount for item in items for line in period_drafts(call.store, item, subscription["currency"]))
