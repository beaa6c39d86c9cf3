"""Voids invoices or marks them uncollectible."""

from billingportal.sandbox.billing.payments import payment_intents, subscription_status
from billingportal.sandbox.billing.subscription import pause as subscription_pause
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating


def void(call: Call, invoice: Document) -> None:
    """Void an open invoice: it is no longer owed."""
    with updating(call, "invoice.updated", invoice):
        invoice.update(status="void", next_payment_attempt=None)
        invoice["status_transitions"]["voided_at"] = call.now()
    payment_intents.cancel(call, invoice, "void_invoice")
    emit(call, "invoice.voided", invoice)
    return_balance(call, invoice)
    subscription_pause.forget(call, invoice)


def return_balance(call: Call, invoice: Document) -> None:
    """Give the customer back what the invoice took from its balance, credit or debt.

    Stripe does so since API version 2019-12-03 ("Customer balances are returned for voided invoices").
    """
    taken = invoice["starting_balance"] - (invoice["ending_balance"] or 0)
    customer = call.store.objects["customer"][invoice["customer"]]
    with updating(call, "customer.updated", customer):
        customer["balance"] += taken


def give_up(call: Call, invoice: Document) -> None:
    """Mark an open invoice as uncollectible."""
    with updating(call, "invoice.updated", invoice):
        invoice.update(status="uncollectible", next_payment_attempt=None)
        invoice["status_transitions"]["marked_uncollectible_at"] = call.now()
    emit(call, "invoice.marked_uncollectible", invoice)
    subscription_status.given_up(call, invoice)
    subscription_pause.settled(call, invoice)
