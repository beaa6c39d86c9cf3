"""Invoice items: prorations and final usage that are pending until a subscription's next invoice."""

from billingportal.sandbox.billing.invoicing.line_items import of_draft, pending_line
from billingportal.sandbox.billing.invoicing.lines import Draft
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id

KIND = "invoiceitem"


def keep(call: Call, subscription: Document, drafts: list[Draft]) -> None:
    """Store the prorations among the lines as pending invoice items."""
    put_by(call, subscription, [draft for draft in drafts if draft.proration])


def put_by(call: Call, subscription: Document, drafts: list[Draft]) -> None:
    """Store the lines as pending invoice items."""
    for draft in drafts:
        item = call.store.put(invoice_item(call, subscription, draft))
        known = call.store.find("subscription_item", draft.item["id"])
        if draft.share is not None and known is not None:  # the items of a pending update are not stored yet
            known["_share"] = list(draft.share)
            known["_debit"] = {
                "invoice_item": item["id"],
                "invoice_line_item_details": None,
                "type": "invoice_item",
            }
        subscription["_pending"].append(item["id"])
        emit(call, "invoiceitem.created", item)


def invoice_item(call: Call, subscription: Document, draft: Draft) -> Document:
    """A pending invoice item for a line."""
    details = {"subscription": subscription["id"], "subscription_item": draft.item["id"]}
    return {
        "id": new_id("ii"),
        "object": KIND,
        **of_draft(draft),
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "customer_account": None,
        "date": call.now(),
        "discountable": False,
        "discounts": [],
        "frozen_fields": [],
        "invoice": None,
        "invoicing_rules": [],
        "livemode": call.livemode,
        "metadata": {},
        "net_amount": draft.amount,
        "parent": {"subscription_details": details, "type": "subscription_details"},
        "proration": draft.proration,
        "proration_details": {"credited_items": draft.credited, "discount_amounts": []},
        "tax_rates": [],
        "test_clock": subscription["test_clock"],
    }


def put_amount(call: Call, subscription: Document, given: Document) -> Document:
    """Store an amount without a price as a pending invoice item."""
    now = {"start": call.now(), "end": call.now()}
    item = call.store.put(
        {
            "id": new_id("ii"),
            "object": KIND,
            "amount": given["amount"],
            "currency": subscription["currency"],
            "customer": subscription["customer"],
            "customer_account": None,
            "date": call.now(),
            "description": given.get("description"),
            "discountable": given["amount"] >= 0,
            "discounts": [],
            "frozen_fields": [],
            "invoice": None,
            "invoicing_rules": [],
            "livemode": call.livemode,
            "metadata": {name: value for name, value in given.get("metadata", {}).items() if value != ""},
            "net_amount": given["amount"],
            "parent": {
                "subscription_details": {"subscription": subscription["id"], "subscription_item": None},
                "type": "subscription_details",
            },
            "period": {"end": given["period"]["end"], "start": given["period"]["start"]} if "period" in given else now,
            "pricing": None,
            "proration": False,
            "proration_details": None,
            "quantity": 1,
            "quantity_decimal": "1",
            "tax_rates": [],
            "test_clock": subscription["test_clock"],
        }
    )
    subscription["_pending"].append(item["id"])
    emit(call, "invoiceitem.created", item)
    return item


def settle(call: Call, subscription: Document, invoice: Document) -> list[Document]:
    """Move the pending invoice items to an invoice. Returns their lines."""
    items = [call.store.objects[KIND][identifier] for identifier in subscription["_pending"]]
    subscription["_pending"] = []
    for item in items:
        item["invoice"] = invoice["id"]
    return [pending_line(call, item) for item in items]
