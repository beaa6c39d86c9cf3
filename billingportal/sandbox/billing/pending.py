"""Invoice items: prorations that wait for a subscription's next invoice."""

from billingportal.sandbox.billing.lines import Draft
from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit
from billingportal.sandbox.clock import now
from billingportal.sandbox.identifiers import new_id
from billingportal.sandbox.wire import Document

KIND = "invoiceitem"


def keep(call: Call, subscription: Document, drafts: list[Draft]) -> None:
    """Put the prorations among some lines by, for the next invoice."""
    for draft in drafts:
        if draft.proration:
            item = call.store.put(invoice_item(call, subscription, draft))
            subscription["_pending"].append(item["id"])
            emit(call, "invoiceitem.created", item)


def invoice_item(call: Call, subscription: Document, draft: Draft) -> Document:
    """A proration that waits."""
    return {
        "id": new_id("ii"),
        "object": KIND,
        "amount": draft.amount,
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "customer_account": None,
        "date": now(),
        "description": draft.description,
        "discountable": False,
        "discounts": [],
        "frozen_fields": [],
        "invoice": None,
        "invoicing_rules": [],
        "livemode": call.livemode,
        "metadata": {},
        "net_amount": draft.amount,
        "parent": {
            "subscription_details": {"subscription": subscription["id"], "subscription_item": draft.item["id"]},
            "type": "subscription_details",
        },
        "period": {"end": draft.end, "start": draft.start},
        "pricing": {
            "price_details": {"price": draft.price["id"], "product": draft.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": format(draft.unit_amount, "f"),
        },
        "proration": True,
        "proration_details": {"credited_items": None, "discount_amounts": []},
        "quantity": int(draft.quantity),
        "quantity_decimal": format(draft.quantity, "f"),
        "tax_rates": [],
        "test_clock": None,
    }


def settle(call: Call, subscription: Document, invoice: Document) -> list[Document]:
    """The lines of what waited, which waits no more."""
    items = [call.store.objects[KIND][identifier] for identifier in subscription["_pending"]]
    subscription["_pending"] = []
    for item in items:
        item["invoice"] = invoice["id"]
    return [pending_line(call, item) for item in items]


def pending_line(call: Call, item: Document) -> Document:
    """The line of an invoice item."""
    details = item["parent"]["subscription_details"]
    parent = {
        "invoice_item": item["id"],
        "proration": item["proration"],
        "proration_details": {"credited_items": None},
        **details,
    }
    same = ("amount", "currency", "description", "discountable", "invoice", "livemode", "metadata", "period")
    return call.store.put(
        {
            "id": new_id("il"),
            "object": "line_item",
            **{name: item[name] for name in same},
            "discount_amounts": [],
            "discounts": [],
            "parent": {
                "invoice_item_details": None,
                "subscription_item_details": parent,
                "type": "subscription_item_details",
            },
            "pretax_credit_amounts": [],
            "pricing": item["pricing"],
            "quantity": item["quantity"],
            "quantity_decimal": item["quantity_decimal"],
            "subscription": details["subscription"],
            "subtotal": item["amount"],
            "taxes": [],
        }
    )
