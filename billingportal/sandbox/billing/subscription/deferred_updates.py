"""Pending updates: the items stay as they are until the invoice is paid."""

from copy import deepcopy

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.dry_run import rehearsal
from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.billing.subscription.item_requests import ItemChange
from billingportal.sandbox.billing.subscription.item_updates import apply_changes
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import updating

HOUR = 3600
WAITS = 23 * HOUR
DEFERRABLE = {
    "billing_cycle_anchor",
    "cancel_at_period_end",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "trial_end",
    "trial_from_plan",
}


def check_deferrable(call: Call, subscription: Document, given: Document) -> None:
    """Raises Refused for parameters that a pending update cannot have, and where Stripe does not charge at once."""
    method = collection.payment_method_of(call.store, subscription)
    if method is not None and collection.OFF_SESSION[method["_outcome"]] == "processing":
        message = "Pending updates are not supported when the subscription is paid by bank debits."
        raise invalid(message, "payment_behavior")
    if "discounts" in given:
        raise invalid("The sandbox does not let `discounts` wait for a payment yet; Stripe does.", "discounts")
    others = sorted(given.keys() - DEFERRABLE)
    if others:
        message = (
            "When `payment_behavior` is `pending_if_incomplete` you can only pass the parameters supported by pending "
            f"updates; these are not: {', '.join(others)}."
        )
        raise invalid(message, others[0])
    if subscription["collection_method"] == "send_invoice":
        message = "`pending_if_incomplete` needs a subscription with `collection_method=charge_automatically`."
        raise invalid(message, "payment_behavior")


def defer(call: Call, subscription: Document, changes: list[ItemChange]) -> Document:
    """Invoice the change and store it as pending, until that is paid or for 23 hours."""
    given = call.parameters
    trial = rehearsal(call, given, subscription)
    after = trial.store.objects["subscription"][subscription["id"]]
    drafts, reset = apply_changes(trial, after, changes)
    items = [deepcopy(trial.store.objects["subscription_item"][one]) for one in after["_items"]]
    with updating(call, "customer.subscription.updated", subscription):
        invoice = invoice_creation.make_invoice(call, subscription, drafts, "subscription_update")
        invoice_creation.finalize(call, invoice)
        collection.collect(call, invoice, collection.payment_method_of(call.store, subscription))
        with updating(call, "invoice.updated", invoice):
            invoice.update(auto_advance=False, next_payment_attempt=None)
        subscription["pending_update"] = {
            "billing_cycle_anchor": after["billing_cycle_anchor"] if reset else None,
            "cancel_at_period_end": given.get("cancel_at_period_end"),
            "discount": None,
            "discounts": None,
            "expires_at": call.now() + WAITS,
            "metadata": given.get("metadata") or None,
            "subscription_items": items,
            "trial_end": after["trial_end"] if "trial_end" in given else None,
            "trial_from_plan": given.get("trial_from_plan"),
            "_invoice": invoice["id"],
            "_trial": {name: after[name] for name in ("status", "trial_end", "trial_start")},
        }
    return subscription
