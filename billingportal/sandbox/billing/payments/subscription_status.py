"""The status of a subscription and its customer after an invoice was paid or not."""

from billingportal.sandbox.billing.payments.dunning import find_subscription
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import emit, updating

WAITING = ("incomplete", "past_due", "unpaid")


def paid(call: Call, invoice: Document) -> None:
    """An invoice was paid: activate a subscription that waited for it, if it was the latest invoice."""
    subscription = find_subscription(call, invoice)
    if subscription is not None:
        activate(call, subscription, invoice)
    set_delinquent(call, invoice, owes=False)


def activate(call: Call, subscription: Document, invoice: Document) -> None:
    """Activate a subscription that waited for this invoice."""
    owed = subscription["status"] in ("past_due", "unpaid")
    if owed and planted.happens(call.store, "repair_unnoticed"):
        return
    if subscription["status"] in WAITING and latest_finalized(call, subscription) in (None, invoice["id"]):
        with updating(call, "customer.subscription.updated", subscription):
            subscription["status"] = "active"


def given_up(call: Call, invoice: Document) -> None:
    """An invoice was marked uncollectible: a past due subscription is active again, if it was its latest invoice."""
    subscription = find_subscription(call, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return
    if latest_finalized(call, subscription) in (None, invoice["id"]):
        with updating(call, "customer.subscription.updated", subscription):
            subscription["status"] = "active"


def failed(call: Call, invoice: Document) -> None:
    """An invoice was not paid in time: an active subscription becomes past due."""
    subscription = find_subscription(call, invoice)
    if subscription is None or subscription["status"] != "active":
        return
    if latest_finalized(call, subscription) == invoice["id"]:
        with updating(call, "customer.subscription.updated", subscription):
            subscription["status"] = "past_due"


def fall_due(call: Call, invoice: Document) -> None:
    """The due date of a sent invoice has passed."""
    invoice["_overdue"] = True
    emit(call, "invoice.overdue", invoice)
    failed(call, invoice)
    set_delinquent(call, invoice, owes=True)


def set_delinquent(call: Call, invoice: Document, *, owes: bool) -> None:
    """Record on the customer whether the latest payment of any invoice failed."""
    customer = call.store.objects["customer"][invoice["customer"]]
    with updating(call, "customer.updated", customer):
        customer["delinquent"] = owes


def latest_finalized(call: Call, subscription: Document) -> str | None:
    """The invoice that decides about the status: the newest one that is neither void nor a draft.

    Stripe: "Voided invoices don't affect subscription status. Stripe determines the status from the most recent
    non-voided invoice." An unpaid subscription's drafts count too, as its renewals stay drafts; a pending update's own
    invoice does not.
    """
    waiting = subscription["pending_update"]
    uncounted = ("void",) if subscription["status"] == "unpaid" else ("void", "draft")
    for identifier in reversed(subscription["_invoices"]):
        invoice = call.store.objects["invoice"][identifier]
        if invoice["status"] not in uncounted and (waiting is None or waiting["_invoice"] != identifier):
            return str(identifier)
    return None
