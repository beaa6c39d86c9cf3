"""The pause and resume requests."""

from billingportal.sandbox.billing import collecting, invoicing, pausing, pending_updates
from billingportal.sandbox.billing.pending import put_by
from billingportal.sandbox.billing.voiding import void
from billingportal.sandbox.call import Call
from billingportal.sandbox.wire import Document


def pause(call: Call, subscription: Document) -> Document:
    """Stop billing; what is given back and what was used is invoiced, or waits for the next invoice. Raises Refused."""
    given = call.parameters
    pausing.check_pausable(subscription)
    if subscription["pending_update"] is not None:
        pending_updates.expire(call, subscription)
    drafts = pausing.pause_drafts(call, subscription, given.get("bill_for", {}))
    if drafts and given.get("invoicing_behavior") == "invoice":
        invoice = invoicing.make_invoice(call, subscription, drafts, "subscription_update")
        invoicing.finalize(call, invoice)
        collecting.collect(call, invoice, collecting.payment_method_of(call.store, subscription))
    else:
        put_by(call, subscription, drafts)
    pausing.stop(call, subscription, "pause_requested")
    return subscription


def resume(call: Call, subscription: Document) -> Document:
    """Bill again. A subscription with an invoice to pay for that runs only once this was paid, or tried.

    Raises Refused.
    """
    pausing.check_resumable(subscription)
    give_up_last(call, subscription)
    drafts, fresh = pausing.resume_drafts(call, subscription)
    if not fresh and call.parameters.get("proration_behavior") != "always_invoice":
        put_by(call, subscription, drafts)
        drafts = []
    if not drafts:
        pausing.start(call, subscription)
        return subscription
    invoice = invoicing.make_invoice(call, subscription, drafts, "subscription_update")
    invoicing.finalize(call, invoice)
    pausing.wait_for(call, subscription, invoice)
    if invoice["amount_due"] == 0:
        collecting.mark_paid(call, invoice, None)
    elif call.parameters.get("payment_behavior") == "resume_on_payment_success":
        collecting.collect(call, invoice, collecting.payment_method_of(call.store, subscription))
    return subscription


def give_up_last(call: Call, subscription: Document) -> None:
    """Void the invoice of an earlier try to resume: the subscription stays paused without it."""
    waits = subscription.get("_resumption")
    if waits is not None:
        invoice = call.store.objects["invoice"][waits["invoice"]]
        pausing.forget(call, invoice)
        if invoice["status"] == "open":
            void(call, invoice)
