"""Bank commands of the control API: disputes and failed refunds."""

from billingportal.sandbox.billing.payments.payment_intents import intent_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.invoices import disputes, refunds


def dispute(call: Call, given: Document) -> Document:
    """The customer of an `invoice` disputes it, or the dispute becomes another `status`: {invoice, status?}.

    Raises ValueError for an invoice without a charge that paid it, and for an unknown status.
    """
    status = given.get("status", "needs_response")
    if status not in disputes.STATUSES:
        raise ValueError(f"status must be one of {', '.join(disputes.STATUSES)}")
    invoice = call.need("invoice", given["invoice"], "invoice")
    charge = (
        call.store.find("charge", intent_of(call, invoice)["latest_charge"] or "") if invoice["_payments"] else None
    )
    if charge is None or charge["status"] != "succeeded":
        raise ValueError("no charge has paid this invoice")
    known = [one for one in call.store.living(disputes.KIND) if one["charge"] == charge["id"]]
    if known:
        disputes.move(call, known[0], status)
        found = known[0]
    else:
        found = disputes.open_for(call, charge, status)
    return {"dispute": found["id"], "status": found["status"]}


def fail_refund(call: Call, given: Document) -> Document:
    """The bank fails a refund: {refund}."""
    refund = call.need(refunds.KIND, given["refund"], "refund")
    refunds.fail(call, refund)
    return {"status": refund["status"]}
