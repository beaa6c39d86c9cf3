"""Collection of invoices: by a card that pays or fails, outside Stripe, or not at all."""

from typing import Literal

from billingportal.sandbox.billing.payments import dunning, payment_intents
from billingportal.sandbox.billing.subscription import pause as subscription_pause
from billingportal.sandbox.billing.subscription import pending_updates
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.store import Store

DAY = 24 * 3600
SETTLES_AFTER = 3 * DAY
Outcome = Literal["paid", "declined", "action", "processing", "untried"]
OFF_SESSION: dict[str, Outcome] = {
    "pays": "paid",
    "asks_once": "paid",
    "fails": "declined",
    "asks": "action",
    "delays": "processing",
}
# With the customer at the page, what the bank asks for has been confirmed.
ON_SESSION: dict[str, Outcome] = {**OFF_SESSION, "asks": "paid"}


def payment_method_of(store: Store, payable: Document) -> Document | None:
    """The payment method of a subscription or of an invoice: its own, else the customer's; of each, a legacy source
    comes last.

    A detached one never pays again, also where the subscription still names it; the customer's does not replace it.
    """
    customer = store.objects["customer"][payable["customer"]]
    identifier = (
        payable["default_payment_method"]
        or payable["default_source"]
        or customer["invoice_settings"]["default_payment_method"]
        or customer["default_source"]
    )
    method = store.find("payment_method", identifier) if identifier else None
    return method if method is not None and method["customer"] is not None else None


def method_of_invoice(store: Store, invoice: Document) -> Document | None:
    """The payment method of an invoice: its own, else its subscription's, else the customer's."""
    if invoice["parent"] is None or invoice["default_payment_method"] is not None:
        return payment_method_of(store, invoice)
    details = invoice["parent"]["subscription_details"]
    return payment_method_of(store, store.objects["subscription"][details["subscription"]])


def collect(call: Call, invoice: Document, method: Document | None) -> Outcome:
    """Try to collect an open invoice at once, without the customer. Returns the outcome."""
    if invoice["amount_due"] == 0:
        mark_paid(call, invoice, None)
        return "paid"
    if invoice["collection_method"] == "send_invoice" or method is None:
        return "untried"
    return attempt(call, invoice, method)


def attempt(call: Call, invoice: Document, method: Document) -> Outcome:
    """Charge an open invoice to a payment method. Returns the outcome."""
    outcome = (ON_SESSION if call.confirmed else OFF_SESSION)[method["_outcome"]]
    if outcome == "paid":
        mark_paid(call, invoice, method)
    elif outcome == "processing":
        wait(call, invoice, method)
    elif outcome == "action":
        payment_intents.ask(call, invoice, method)
        fail(call, invoice)
        emit(call, "invoice.payment_action_required", invoice)
    else:
        payment_intents.decline(call, invoice, method)
        fail(call, invoice)
    return outcome


def wait(call: Call, invoice: Document, method: Document) -> None:
    """Record that the debit is in progress; `settle` records its outcome."""
    payment_intents.process(call, invoice, method)
    with updating(call, "invoice.updated", invoice):
        count_try(call, invoice)
        invoice["next_payment_attempt"] = None
    invoice.update(_processing=method["id"], _settles_at=call.now() + SETTLES_AFTER)


def settle(call: Call, invoice: Document, *, succeeded: bool) -> None:
    """Record the outcome of the debit in progress."""
    method = call.store.objects["payment_method"][invoice["_processing"]]
    if succeeded:
        mark_paid(call, invoice, method)
    else:
        payment_intents.decline(call, invoice, method)
        fail(call, invoice)
    session = call.store.find("checkout.session", invoice.get("_session", ""))
    if session is not None and session["payment_status"] == "unpaid":
        session["payment_status"] = "paid" if succeeded else "unpaid"
        emit(call, f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", session)


def count_try(call: Call, invoice: Document) -> bool:
    """Count one more attempt to collect an invoice; whether it affects the time of the next attempt.

    Attempts on demand do not, after the first; the outcome of a debit is no attempt of its own.
    """
    decided = invoice.pop("_processing", None) is not None
    counts = call.automatic or not invoice["attempted"]
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + (counts and not decided))
    return counts or decided


def mark_paid(call: Call, invoice: Document, method: Document | None, *, out_of_band: bool = False) -> None:
    """Mark an open invoice as paid: by a payment method, outside Stripe or because nothing is due."""
    amount = invoice["amount_due"]
    with updating(call, "invoice.updated", invoice):
        if method is None:
            payment_intents.cancel(call, invoice, "abandoned")
        else:
            payment_intents.succeed(call, invoice, method)
            count_try(call, invoice)
        invoice.update(status="paid", amount_paid=amount, amount_remaining=0, next_payment_attempt=None)
        invoice["attempted"] = True
        invoice["amount_paid_off_stripe"] = amount if out_of_band else 0
        invoice["status_transitions"]["paid_at"] = call.now()
    emit(call, "invoice.paid", invoice)
    if not out_of_band:
        emit(call, "invoice.payment_succeeded", invoice)
    pending_updates.apply_paid(call, invoice)
    subscription_pause.settled(call, invoice)


def fail(call: Call, invoice: Document) -> None:
    """Record a failed payment; another attempt is planned unless this was the last."""
    with updating(call, "invoice.updated", invoice):
        planned = count_try(call, invoice)
        if planned:
            invoice["next_payment_attempt"] = dunning.next_attempt(call, invoice)
    emit(call, "invoice.payment_failed", invoice)
    customer = call.store.objects["customer"][invoice["customer"]]
    with updating(call, "customer.updated", customer):
        customer["delinquent"] = customer["delinquent"] or planned
    subscription_pause.failed(call, invoice)
