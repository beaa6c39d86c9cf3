"""Taking an invoice back as if it had never been, or giving it up."""

from billingportal.sandbox.billing import pausing, payments
from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit, updating
from billingportal.sandbox.wire import Document


def void(call: Call, invoice: Document) -> None:
    """An open invoice is not owed any more."""
    with updating(call, "invoice.updated", invoice):
        invoice.update(status="void", next_payment_attempt=None)
        invoice["status_transitions"]["voided_at"] = call.now()
    payments.cancel(call, invoice, "void_invoice")
    emit(call, "invoice.voided", invoice)
    pausing.forget(call, invoice)


def give_up(call: Call, invoice: Document) -> None:
    """Nobody expects an open invoice to be paid any more."""
    with updating(call, "invoice.updated", invoice):
        invoice.update(status="uncollectible", next_payment_attempt=None)
        invoice["status_transitions"]["marked_uncollectible_at"] = call.now()
    emit(call, "invoice.marked_uncollectible", invoice)
    pausing.settled(call, invoice)
