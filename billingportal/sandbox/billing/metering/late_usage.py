"""Usage reported while the invoice of its period is still a draft."""

from decimal import Decimal

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.line_items import period_line
from billingportal.sandbox.billing.metering import processing
from billingportal.sandbox.billing.metering.usage import usage_drafts
from billingportal.sandbox.billing.payments.dunning import subscription_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import copied, updating


def remember(invoice: Document, metered: list[Document], until: int) -> None:
    """Store metered items as they were in the period that ended with the second `until`, for `count`."""
    invoice["_usage"] = [copied(item) for item in {item["id"]: item for item in metered}.values()]
    invoice["_used_until"] = until


def count(call: Call, invoice: Document) -> None:
    """Rewrite the usage lines if other usage counts than when the draft was made. To be called once, at its end."""
    if not invoice.get("_usage"):
        return
    processing.process(call, invoice["customer"])
    subscription = subscription_of(call, invoice)
    with updating(call, "invoice.updated", invoice):
        for item in invoice.pop("_usage"):
            drafts = list(usage_drafts(call, item, subscription, invoice["_used_until"]))
            old = [line for line in lines_of(call, invoice) if is_of(line, item)]
            if not old:  # the draft has no 0.00 line for it
                drafts = [draft for draft in drafts if draft.quantity or draft.amount]
            fresh = [(draft.amount, draft.quantity) for draft in drafts]
            if fresh != [(line["amount"], Decimal(line["quantity_decimal"])) for line in old]:
                new = [period_line(call, invoice, subscription, draft) for draft in drafts]
                kept = [line for line in lines_of(call, invoice) if not is_of(line, item)]
                invoice_creation.write(call, subscription, invoice, [*kept, *new])


def lines_of(call: Call, invoice: Document) -> list[Document]:
    """The lines of an invoice."""
    return [call.store.objects["line_item"][one] for one in invoice["_lines"]]


def is_of(line: Document, item: Document) -> bool:
    """Whether a line bills an item for the item's period; usage before a change of price is an invoice item."""
    details = line["parent"]["subscription_item_details"]
    if details is None:
        return False
    own = details["subscription_item"] == item["id"] and details["invoice_item"] is None
    return bool(own and line["period"]["start"] == item["current_period_start"])
