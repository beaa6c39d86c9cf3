"""Getting invoices paid: by a card that pays or fails, outside Stripe, or not at all."""

from typing import Literal

from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit, updating
from billingportal.sandbox.identifiers import new_id
from billingportal.sandbox.state import Store
from billingportal.sandbox.wire import Document

DAY = 24 * 3600
RETRY_SECONDS = 3 * DAY
Outcome = Literal["paid", "declined", "action", "processing", "untried"]
OFF_SESSION: dict[str, Outcome] = {
    "pays": "paid",
    "asks_once": "paid",
    "fails": "declined",
    "asks": "action",
    "delays": "processing",
}


def payment_method_of(store: Store, subscription: Document) -> Document | None:
    """What a subscription is paid with: its own payment method, else the customer's."""
    customer = store.objects["customer"][subscription["customer"]]
    identifier = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return store.find("payment_method", identifier) if identifier else None


def collect(call: Call, invoice: Document, method: Document | None) -> Outcome:
    """Try to get an open invoice paid at once, without the customer; what came of it."""
    if invoice["amount_due"] == 0:
        mark_paid(call, invoice, None)
        return "paid"
    if invoice["collection_method"] == "send_invoice" or method is None:
        return "untried"
    return attempt(call, invoice, method)


def attempt(call: Call, invoice: Document, method: Document) -> Outcome:
    """Charge an open invoice to a payment method while the customer is away; what came of it."""
    outcome = OFF_SESSION[method["_outcome"]]
    if outcome == "paid":
        mark_paid(call, invoice, method)
    elif outcome == "processing":
        invoice["_processing"] = method["id"]
    else:
        fail(call, invoice)
    return outcome


def mark_paid(call: Call, invoice: Document, method: Document | None, *, out_of_band: bool = False) -> None:
    """An open invoice is paid, by a payment method, outside Stripe or because nothing is due."""
    amount = invoice["amount_due"]
    with updating(call, "invoice.updated", invoice):
        if method is not None:
            add_payment(call, invoice, amount)
        invoice.update(status="paid", amount_paid=amount, amount_remaining=0, next_payment_attempt=None)
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + (method is not None))
        invoice["amount_paid_off_stripe"] = amount if out_of_band else 0
        invoice["status_transitions"]["paid_at"] = call.now()
    emit(call, "invoice.paid", invoice)
    if not out_of_band:
        emit(call, "invoice.payment_succeeded", invoice)


def add_payment(call: Call, invoice: Document, amount: int) -> None:
    """The payment that stands behind a paid invoice."""
    payment = call.store.put(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": amount,
            "amount_requested": amount,
            "created": call.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": call.livemode,
            "payment": {"payment_intent": new_id("pi"), "type": "payment_intent"},
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": call.now()},
        }
    )
    invoice["_payments"].append(payment["id"])
    emit(call, "invoice_payment.paid", payment)


def fail(call: Call, invoice: Document) -> None:
    """The card said no; another try is planned."""
    with updating(call, "invoice.updated", invoice):
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
        invoice["next_payment_attempt"] = call.now() + RETRY_SECONDS
    emit(call, "invoice.payment_failed", invoice)
    customer = call.store.objects["customer"][invoice["customer"]]
    with updating(call, "customer.updated", customer):
        customer["delinquent"] = True
