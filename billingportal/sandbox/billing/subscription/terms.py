"""The terms of a subscription: everything but its items."""

from billingportal.sandbox.billing.invoicing.discount_requests import grant
from billingportal.sandbox.billing.invoicing.lines import period_drafts
from billingportal.sandbox.billing.invoicing.redemption import redeem
from billingportal.sandbox.billing.invoicing.taxes import check_computable, check_own_rates
from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.subscription.blank_subscription import automatic_tax, days_until_due
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import merged, or_none
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog import tax_rates
from billingportal.sandbox.resources.customers import payment_methods


def apply_terms(call: Call, subscription: Document) -> None:
    """Apply the call's terms to a subscription. Raises Refused."""
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
    if "default_tax_rates" in given:
        put_tax_rates(call, subscription, given["default_tax_rates"])
    if "invoice_settings" in given:
        put_invoice_settings(subscription, given["invoice_settings"])
    if "trial_settings" in given:
        subscription["trial_settings"]["end_behavior"].update(given["trial_settings"]["end_behavior"])
    subscription["payment_settings"].update(given.get("payment_settings", {}))
    subscription_cancellation.apply_details(subscription, given.get("cancellation_details", {}))


def put_tax_rates(call: Call, subscription: Document, given: object) -> None:
    """Replace the subscription's own tax rates. Raises Refused."""
    check_own_rates(subscription["automatic_tax"], given, "default_tax_rates")
    kept = subscription["default_tax_rates"]
    subscription["default_tax_rates"] = tax_rates.chosen(call, given, "default_tax_rates", kept)


def put_invoice_settings(subscription: Document, given: Document) -> None:
    """Change the given settings of the invoices; others stay."""
    changed = {name: or_none(value) for name, value in given.items()}
    subscription["invoice_settings"] = {**subscription["invoice_settings"], **changed}


def price_of(call: Call, subscription: Document) -> int:
    """The cost of a subscription for a period, before discounts."""
    items = [call.store.objects["subscription_item"][identifier] for identifier in subscription["_items"]]
    return sum(line.amount for item in items for line in period_drafts(call.store, item, subscription["currency"]))
