"""An invoice without lines."""

from copy import deepcopy

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.presentation import parts
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import new_id, new_secret

DAY = 24 * 3600
SNAPSHOT = ("address", "email", "name", "phone", "shipping", "tax_exempt")
NOTHING_YET: Document = {
    "object": "invoice",
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
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
    "automatically_finalizes_at": None,
    "customer_account": None,
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "discounts": [],
    "effective_at": None,
    "ending_balance": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "metadata": {},
    "next_payment_attempt": None,
    "number": None,
    "on_behalf_of": None,
    "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
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
    "threshold_reason": None,
    "total_discount_amounts": [],
    "total_pretax_credit_amounts": [],
    "total_taxes": [],
    "_lines": [],
    "_payments": [],
}


def blank_invoice(call: Call, subscription: Document, customer: Document, reason: str) -> Document:
    """A draft without lines and sums; the reason `upcoming` is for previews, which are not issued."""
    moment = call.now()
    sends = subscription["collection_method"] == "send_invoice"
    own = subscription["invoice_settings"]
    return {
        "id": new_id("upcoming_in" if reason == "upcoming" else "in"),
        **deepcopy(NOTHING_YET),
        "account_country": call.account.country,
        "account_name": call.account.name,
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "created": moment,
        "currency": subscription["currency"],
        "custom_fields": own["custom_fields"] or customer["invoice_settings"]["custom_fields"],
        "customer": customer["id"],
        **{f"customer_{name}": customer[name] for name in SNAPSHOT},
        "customer_tax_ids": tax_ids_of(call, customer),
        "default_tax_rates": list(subscription["default_tax_rates"]),
        "description": own["description"] or subscription["description"],
        "due_date": moment + subscription["days_until_due"] * DAY if sends else None,
        "footer": own["footer"] or customer["invoice_settings"]["footer"],
        "livemode": call.livemode,
        "parent": parent_of(subscription),
        "period_end": moment,
        "period_start": moment,
        "test_clock": customer["test_clock"],
        "webhooks_delivered_at": None if reason == "upcoming" else moment,
        "_token": new_secret("", 40),
    }


def parent_of(subscription: Document) -> Document:
    """The invoice's parent, with the subscription's metadata as it is now."""
    details = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
        "subscription_proration_date": None,
    }
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def tax_ids_of(call: Call, customer: Document) -> list[Document]:
    """A customer's tax ids as an invoice stores them."""
    own = parts(call.store, "tax_id", customer["_tax_ids"])
    return [{"type": one["type"], "value": one["value"]} for one in own]
