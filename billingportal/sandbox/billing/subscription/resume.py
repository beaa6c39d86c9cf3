"""The pause and resume requests."""

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.pending_invoice_items import put_by
from billingportal.sandbox.billing.invoicing.voids import void
from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.billing.subscription import pause as subscription_pause
from billingportal.sandbox.billing.subscription import pending_updates
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document


def pause(call: Call, subscription: Document) -> Document:
    """Stop billing; credits and usage are invoiced, or wait for the next invoice. Raises Refused."""
    given = call.parameters
    subscription_pause.check_pausable(subscription)
    if subscription["pending_update"] is not None:
        pending_updates.expire(call, subscription)
    drafts = subscription_pause.pause_drafts(call, subscription, given.get("bill_for", {}))
    if drafts and given.get("invoicing_behavior") == "invoice":
        invoice = invoice_creation.make_invoice(call, subscription, drafts, "subscription_update")
        invoice_creation.finalize(call, invoice)
        collection.collect(call, invoice, collection.payment_method_of(call.store, subscription))
    else:
        put_by(call, subscription, drafts)
    subscription_pause.stop(call, subscription, "pause_requested")
    return subscription


def resume(call: Call, subscription: Document) -> Document:
    """Bill again. With an invoice to pay, the subscription resumes only once this was paid, or attempted.

    Raises Refused.
    """
    subscription_pause.check_resumable(subscription)
    give_up_last(call, subscription)
    drafts, fresh = subscription_pause.resume_drafts(call, subscription)
    if not fresh and call.parameters.get("proration_behavior") != "always_invoice":
        put_by(call, subscription, drafts)
        drafts = []
    if not drafts:
        subscription_pause.start(call, subscription)
        return subscription
    invoice = invoice_creation.make_invoice(call, subscription, drafts, "subscription_update")
    invoice_creation.finalize(call, invoice)
    subscription_pause.wait_for(call, subscription, invoice)
    if invoice["amount_due"] == 0:
        collection.mark_paid(call, invoice, None)
    elif call.parameters.get("payment_behavior") == "resume_on_payment_success":
        collection.collect(call, invoice, collection.payment_method_of(call.store, subscription))
    return subscription


def give_up_last(call: Call, subscription: Document) -> None:
    """Void the invoice of an earlier attempt to resume: the subscription stays paused without it."""
    waits = subscription.get("_resumption")
    if waits is not None:
        invoice = call.store.objects["invoice"][waits["invoice"]]
        subscription_pause.forget(call, invoice)
        if invoice["status"] == "open":
            void(call, invoice)
