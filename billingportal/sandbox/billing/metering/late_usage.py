"""Usage reported while the invoice of its period is still a draft."""

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.line_items import period_line
from billingportal.sandbox.billing.invoicing.lines import Draft
from billingportal.sandbox.billing.metering.usage import usage_drafts
from billingportal.sandbox.billing.payments.dunning import subscription_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import copied, updating


def remember(invoice: Document, drafts: list[Draft], until: int) -> None:
    """Store the items as they were in the period that ended with the second `until`, for `count`."""
    metered = {draft.item["id"]: draft.item for draft in drafts if draft.item["quantity"] is None}
    invoice["_usage"] = [copied(item) for item in metered.values()]
    invoice["_used_until"] = until


def count(call: Call, invoice: Document) -> None:
    """Rewrite the usage lines if more was used than when the draft was made."""
    if not invoice.get("_usage"):
        return
    subscription = subscription_of(call, invoice)
    with updating(call, "invoice.updated", invoice):
        for item in invoice.pop("_usage"):
            drafts = list(usage_drafts(call, item, subscription, invoice["_used_until"]))
            old = [line for line in lines_of(call, invoice) if is_of(line, item)]
            if [draft.amount for draft in drafts] != [line["amount"] for line in old]:
                new = [period_line(call, invoice, subscription, draft) for draft in drafts]
                kept = [line for line in lines_of(call, invoice) if not is_of(line, item)]
                invoice_creation.write(call, subscription, invoice, [*kept, *new])


def lines_of(call: Call, invoice: Document) -> list[Document]:
    """The lines of an invoice."""
    return [call.store.objects["line_item"][one] for one in invoice["_lines"]]


def is_of(line: Document, item: Document) -> bool:
    """Whether a line bills an item for the item's period. Usage at an earlier price came by an invoice item."""
    details = line["parent"]["subscription_item_details"]
    if details is None or details["invoice_item"] is not None:
        return False
    return bool(details["subscription_item"] == item["id"] and line["period"]["start"] == item["current_period_start"])
