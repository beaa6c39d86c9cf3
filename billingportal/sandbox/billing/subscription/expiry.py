"""Expiry of subscriptions whose first invoice stays unpaid."""

from billingportal.sandbox.billing.invoicing.voids import void
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import updating

LIFETIME = 23 * 3600


def expire(call: Call, subscription: Document) -> None:
    """Expire a subscription whose first invoice was not paid within 23 hours."""
    with updating(call, "customer.subscription.updated", subscription):
        subscription.update(status="incomplete_expired", ended_at=call.now())
    for identifier in subscription["_invoices"]:
        invoice = call.store.objects["invoice"][identifier]
        if invoice["status"] == "open":
            void(call, invoice)
