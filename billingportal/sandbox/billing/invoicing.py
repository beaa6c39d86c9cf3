"""Making an invoice of lines and finalizing it."""

from billingportal.sandbox.billing.lines import Draft
from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit, updating
from billingportal.sandbox.clock import now
from billingportal.sandbox.identifiers import letters, new_id
from billingportal.sandbox.wire import Document

DAY = 24 * 3600
SNAPSHOT = ("address", "email", "name", "phone", "shipping", "tax_exempt")


def make_invoice(call: Call, subscription: Document, drafts: list[Draft], reason: str) -> Document:
    """A draft invoice of a subscription with its lines; says that it was created."""
    customer = call.store.objects["customer"][subscription["customer"]]
    invoice = blank_invoice(call, subscription, customer, reason)
    starts = [draft.start for draft in drafts if not draft.proration]
    invoice["period_start"] = min(starts, default=now())
    invoice["period_end"] = now()
    for draft in drafts:
        line = make_line(call, invoice, subscription, draft)
        invoice["_lines"].append(line["id"])
    add_up(invoice, customer, sum(draft.amount for draft in drafts))
    call.store.put(invoice)
    emit(call, "invoice.created", invoice)
    return invoice


def add_up(invoice: Document, customer: Document, total: int) -> None:
    """The sums; what the customer's balance holds is charged or used up."""
    starting: int = customer["balance"]
    due = max(total + starting, 0)
    invoice.update(
        subtotal=total,
        subtotal_excluding_tax=total,
        total=total,
        total_excluding_tax=total,
        starting_balance=starting,
        ending_balance=min(total + starting, 0),
        amount_due=due,
        amount_remaining=due,
    )


def make_line(call: Call, invoice: Document, subscription: Document, draft: Draft) -> Document:
    """One line; a proration also leaves an invoice item behind it."""
    invoice_item = new_id("ii") if draft.proration else None
    parent = {
        "invoice_item": invoice_item,
        "proration": draft.proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": draft.item["id"],
    }
    price = draft.price
    return call.store.put(
        {
            "id": new_id("il"),
            "object": "line_item",
            "amount": draft.amount,
            "currency": invoice["currency"],
            "description": draft.description,
            "discount_amounts": [],
            "discountable": not draft.proration,
            "discounts": [],
            "invoice": invoice["id"],
            "livemode": call.livemode,
            "metadata": {**subscription["metadata"], **draft.item["metadata"]},
            "parent": {
                "invoice_item_details": None,
                "subscription_item_details": parent,
                "type": "subscription_item_details",
            },
            "period": {"end": draft.end, "start": draft.start},
            "pretax_credit_amounts": [],
            "pricing": {
                "price_details": {"price": price["id"], "product": price["product"]},
                "type": "price_details",
                "unit_amount_decimal": format(draft.unit_amount, "f"),
            },
            "quantity": int(draft.quantity),
            "quantity_decimal": format(draft.quantity, "f"),
            "subscription": subscription["id"],
            "subtotal": draft.amount,
            "taxes": [],
        }
    )


def finalize(call: Call, invoice: Document) -> None:
    """A draft becomes open: it gets its number and pages, the customer's balance is settled."""
    customer = call.store.objects["customer"][invoice["customer"]]
    with updating(call, "customer.updated", customer):
        sequence = customer["next_invoice_sequence"]
        customer["next_invoice_sequence"] = sequence + 1
        customer["balance"] = invoice["ending_balance"]
    page = f"{call.address}/invoice/{invoice['id']}"
    invoice.update(
        status="open",
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        effective_at=now(),
        hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf",
        confirmation_secret={"client_secret": f"{new_id('pi')}_secret_{letters(25)}", "type": "payment_intent"},
    )
    invoice["status_transitions"]["finalized_at"] = now()
    emit(call, "invoice.finalized", invoice)


def blank_invoice(call: Call, subscription: Document, customer: Document, reason: str) -> Document:
    """A draft with no lines and no sums."""
    sends = subscription["collection_method"] == "send_invoice"
    return {
        "id": new_id("in"),
        "object": "invoice",
        "account_country": call.account.country,
        "account_name": call.account.name,
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "created": now(),
        "currency": subscription["currency"],
        "custom_fields": customer["invoice_settings"]["custom_fields"],
        "customer": customer["id"],
        "customer_account": None,
        **{f"customer_{name}": customer[name] for name in SNAPSHOT},
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": subscription["description"],
        "discounts": [],
        "due_date": now() + subscription["days_until_due"] * DAY if sends else None,
        "effective_at": None,
        "ending_balance": None,
        "footer": customer["invoice_settings"]["footer"],
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "livemode": call.livemode,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
                "subscription_proration_date": None,
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now(),
        "period_start": now(),
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "test_clock": None,
        "threshold_reason": None,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now(),
        "_lines": [],
        "_payments": [],
    }
