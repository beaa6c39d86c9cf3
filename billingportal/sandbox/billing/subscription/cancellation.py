"""Ending a subscription now."""

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.lines import Draft, proration_drafts
from billingportal.sandbox.billing.invoicing.pending_invoice_items import keep
from billingportal.sandbox.billing.metering.usage import unbilled
from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.billing.schedules import lifecycle as schedule_lifecycle
from billingportal.sandbox.billing.subscription import pending_updates
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import or_none
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import emit, updating


def cancel(call: Call, subscription: Document) -> Document:
    """Cancel it at once, with a last invoice if requested. Raises Refused when it has ended already."""
    given = call.parameters
    if subscription["status"] in ENDED:
        raise call.absent("subscription", subscription["id"], "id")
    apply_details(subscription, given.get("cancellation_details", {}))
    if planted.happens(call.store, "cancel_ignored"):
        return subscription
    if given.get("invoice_now") or given.get("prorate"):
        last_invoice(call, subscription)
    subscription["canceled_at"] = call.now()
    end(call, subscription, "cancellation_requested")
    return subscription


def end(call: Call, subscription: Document, reason: str) -> None:
    """Mark it as ended: open invoices are no longer collected automatically."""
    if subscription["pending_update"] is not None:
        pending_updates.expire(call, subscription)
    for identifier in subscription["_invoices"]:
        invoice = call.store.objects["invoice"][identifier]
        if invoice["status"] == "open":
            with updating(call, "invoice.updated", invoice):
                invoice.update(auto_advance=False, next_payment_attempt=None)
    schedule_lifecycle.abandon(call, subscription, reason)
    subscription["cancellation_details"]["reason"] = reason
    subscription.update(status="canceled", ended_at=call.now())
    subscription["canceled_at"] = subscription["canceled_at"] or call.now()
    emit(call, "customer.subscription.deleted", subscription)


def apply_details(subscription: Document, given: Document) -> None:
    """Store the cancellation details."""
    for name in ("comment", "feedback"):
        if name in given:
            subscription["cancellation_details"][name] = or_none(given[name])


def last_invoice(call: Call, subscription: Document) -> None:
    """Credit the unused time (`prorate`), now or with a next invoice; bill the usage, now or never.

    `invoice_now` selects which.
    """
    prorate, invoice_now = bool(call.parameters.get("prorate")), bool(call.parameters.get("invoice_now"))
    drafts = last_drafts(call, subscription, prorate=prorate, invoice_now=invoice_now)
    if not drafts and not subscription["_pending"]:
        return
    if not invoice_now:
        keep(call, subscription, drafts)
        return
    invoice = invoice_creation.make_invoice(call, subscription, drafts, "subscription_update")
    invoice_creation.finalize(call, invoice)
    collection.collect(call, invoice, collection.payment_method_of(call.store, subscription))


def last_drafts(call: Call, subscription: Document, *, prorate: bool, invoice_now: bool) -> list[Draft]:
    """The lines of an end now: unused time if `prorate`, usage so far if `invoice_now`."""
    items = [call.store.objects["subscription_item"][identifier] for identifier in subscription["_items"]]
    drafts: list[Draft] = []
    if prorate and subscription["status"] != "trialing":
        for item in items:
            drafts.extend(proration_drafts(call.store, item, call.now(), subscription["currency"], credit=True))
    if invoice_now:
        for item in items:
            drafts.extend(unbilled(call, subscription, item, call.now()))
    return drafts
