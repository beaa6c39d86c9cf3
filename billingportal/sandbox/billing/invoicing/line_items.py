"""Invoice lines as Stripe writes them."""

from billingportal.sandbox.billing.invoicing.lines import Draft
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import new_id

FROM_ITEM = (
    "amount",
    "currency",
    "description",
    "discountable",
    "invoice",
    "livemode",
    "metadata",
    "period",
    "pricing",
    "quantity",
    "quantity_decimal",
)


def period_line(call: Call, invoice: Document, subscription: Document, draft: Draft) -> Document:
    """The invoice line for a draft of a period."""
    details = {"subscription": subscription["id"], "subscription_item": draft.item["id"]}
    line = {
        **of_draft(draft),
        "currency": invoice["currency"],
        "discountable": True,
        "invoice": invoice["id"],
        "livemode": call.livemode,
        "metadata": {**subscription["metadata"], **draft.item["metadata"]},
    }
    return put_line(call, line, {"invoice_item": None, "proration": False, **details}, None)


def pending_line(call: Call, item: Document) -> Document:
    """The invoice line for a pending invoice item."""
    details = item["parent"]["subscription_details"]
    line = {name: item[name] for name in FROM_ITEM}
    if item["pricing"] is None:
        return put_amount_line(call, line, item["id"], details["subscription"])
    credited = item["proration_details"]["credited_items"]
    lines = credited and credited["invoice_line_item_details"]
    return put_line(call, line, {"invoice_item": item["id"], "proration": item["proration"], **details}, lines)


def put_line(call: Call, line: Document, details: Document, credited: Document | None) -> Document:
    """Store a line of a subscription item. `credited` names the invoiced lines that a credit is for."""
    parent = {
        "invoice_item_details": None,
        "subscription_item_details": {**details, "proration_details": {"credited_items": credited}},
        "type": "subscription_item_details",
    }
    return put(call, line, parent, details["subscription"])


def put_amount_line(call: Call, line: Document, item_id: str, subscription_id: str) -> Document:
    """Store the line of an invoice item without a price."""
    details = {"invoice_item": item_id, "proration": False, "proration_details": None, "subscription": subscription_id}
    parent = {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"}
    return put(call, line, parent, subscription_id)


def put(call: Call, line: Document, parent: Document, subscription_id: str) -> Document:
    """Store a line; those of previews have ids of their own."""
    preview = line["invoice"].startswith("upcoming_in_")
    return call.store.put(
        {
            "id": new_id("il_tmp" if preview else "il"),
            "object": "line_item",
            **line,
            "discount_amounts": [],
            "discounts": [],
            "parent": parent,
            "pretax_credit_amounts": [],
            "subscription": subscription_id,
            "subtotal": line["amount"],
            "taxes": [],
        }
    )


def of_draft(draft: Draft) -> Document:
    """The attributes that a line and an invoice item copy from a draft."""
    return {
        "amount": draft.amount,
        "description": draft.description,
        "period": {"end": draft.end, "start": draft.start},
        "pricing": {
            "price_details": {"price": draft.price["id"], "product": draft.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": format(draft.unit_amount, "f"),
        },
        "quantity": int(draft.quantity),
        "quantity_decimal": format(draft.quantity, "f"),
    }
