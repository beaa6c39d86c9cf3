"""Invoices without a subscription: drafts whose lines are added one by one."""

from copy import deepcopy

from billingportal.sandbox.billing.invoicing import totals as invoicing_totals
from billingportal.sandbox.billing.invoicing.blank_invoice import blank_invoice
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

HOUR = 3600
NO_TERMS: Document = {
    "invoice_settings": {"custom_fields": None, "description": None, "footer": None},
    "default_tax_rates": [],
}


def make_draft(call: Call, customer: Document, terms: Document) -> Document:
    """An empty draft of the customer. `terms` are the attributes that a subscription would give it."""
    invoice = blank_invoice(call, terms | NO_TERMS, customer, "manual")
    invoice.update(parent=None, auto_advance=terms["auto_advance"], description=terms["description"])
    invoice.update(default_payment_method=terms["default_payment_method"], metadata=terms["metadata"])
    if terms["due_date"] is not None:
        invoice["due_date"] = terms["due_date"]
    if terms["auto_advance"]:
        invoice["automatically_finalizes_at"] = call.now() + HOUR
    invoicing_totals.reckon(call, invoice, invoice, [])
    call.store.put(invoice)
    customer.setdefault("_one_offs", []).append(invoice["id"])
    emit(call, "invoice.created", invoice)
    return invoice


def add_line(call: Call, invoice: Document, amount: int, description: str | None) -> Document:
    """Add an invoice item of this amount, in minor units, to a draft. Returns the item."""
    item = call.store.put(invoice_item(call, invoice, amount, description))
    emit(call, "invoiceitem.created", item)
    with updating(call, "invoice.updated", invoice):
        invoice["_lines"] = [*invoice["_lines"], line_of(call, item)["id"]]
        lines = [call.store.objects["line_item"][one] for one in invoice["_lines"]]
        invoicing_totals.reckon(call, invoice, invoice, lines)
    return item


def invoice_item(call: Call, invoice: Document, amount: int, description: str | None) -> Document:
    """An invoice item of an amount without a price."""
    return {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "date": call.now(),
        "description": description,
        "discountable": True,
        "discounts": [],
        "frozen_fields": [],
        "invoice": invoice["id"],
        "invoicing_rules": [],
        "livemode": call.livemode,
        "metadata": {},
        "net_amount": amount,
        "parent": None,
        "period": {"end": call.now(), "start": call.now()},
        "pricing": None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": invoice["test_clock"],
    }


def line_of(call: Call, item: Document) -> Document:
    """The invoice line of an invoice item without a subscription."""
    details = {"invoice_item": item["id"], "proration": False, "proration_details": None, "subscription": None}
    copied = ("amount", "currency", "description", "discountable", "invoice", "livemode", "period", "pricing")
    return call.store.put(
        {
            "id": new_id("il"),
            "object": "line_item",
            **{name: deepcopy(item[name]) for name in (*copied, "quantity", "quantity_decimal")},
            "discount_amounts": [],
            "discounts": [],
            "metadata": {},
            "parent": {
                "invoice_item_details": details,
                "subscription_item_details": None,
                "type": "invoice_item_details",
            },
            "pretax_credit_amounts": [],
            "subscription": None,
            "subtotal": item["amount"],
            "taxes": [],
        }
    )
