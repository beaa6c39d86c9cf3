"""A subscription before it has items and an invoice."""

from copy import deepcopy

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import merged, or_none
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.customers import payment_methods
from billingportal.sandbox.state.identifiers import new_id

NOTHING_YET: Document = {
    "object": "subscription",
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor_config": None,
    "billing_schedules": [],
    "billing_thresholds": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "customer_account": None,
    "default_source": None,
    "default_tax_rates": [],
    "discounts": [],
    "ended_at": None,
    "invoice_settings": {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    },
    "latest_invoice": None,
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "status": "incomplete",
    "status_details": None,
    "transfer_data": None,
    "trial_settings": {"end_behavior": {"billing_cycle_anchor": "now", "missing_payment_method": "create_invoice"}},
    "_invoices": [],
    "_items": [],
    "_pending": [],
}


def blank_subscription(call: Call, customer: Document, currency: str, trial_end: int | None) -> Document:
    """A subscription without items, incomplete. Raises Refused for another customer's payment method."""
    given = call.parameters
    method = given.get("default_payment_method")
    if method is not None:
        method = payment_methods.usable(call, method, customer["id"], "default_payment_method")
    blank = deepcopy(NOTHING_YET)
    trial_end_behavior = {
        **blank["trial_settings"]["end_behavior"],
        **given.get("trial_settings", {}).get("end_behavior", {}),
    }
    resets = trial_end is not None and trial_end_behavior["billing_cycle_anchor"] == "now"
    blank["payment_settings"].update(given.get("payment_settings", {}))
    return {
        "id": new_id("sub"),
        **blank,
        "billing_cycle_anchor": trial_end if resets else given.get("billing_cycle_anchor", call.now()),
        "automatic_tax": automatic_tax(given.get("automatic_tax", {})),
        "billing_mode": billing_mode(call),
        "collection_method": given.get("collection_method", "charge_automatically"),
        "created": call.now(),
        "currency": currency,
        "customer": customer["id"],
        "days_until_due": days_until_due(given),
        "default_payment_method": method,
        "description": or_none(given.get("description")),
        "livemode": call.livemode,
        "metadata": merged({}, given.get("metadata", {})),
        "start_date": given.get("backdate_start_date", call.now()),
        "test_clock": customer["test_clock"],
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": trial_end_behavior},
        "trial_start": call.now() if trial_end else None,
    }


def automatic_tax(given: Document) -> Document:
    """Whether tax is computed, as Stripe shows it."""
    enabled = given.get("enabled", False)
    return {"disabled_reason": None, "enabled": enabled, "liability": {"type": "self"} if enabled else None}


def billing_mode(call: Call) -> Document:
    """The requested billing mode, as Stripe shows it."""
    given = call.parameters.get("billing_mode", {"type": "flexible"})
    flexible = {"proration_discounts": "included", **given.get("flexible", {})}
    return {
        "flexible": flexible if given["type"] == "flexible" else None,
        "type": given["type"],
        "updated_at": call.now(),
    }


def days_until_due(given: Document) -> int | None:
    """The days a customer has to pay a sent invoice. Raises Refused where they are missing or not allowed."""
    sends = given.get("collection_method") == "send_invoice"
    if sends and "days_until_due" not in given:
        message = "You must pass `days_until_due` when `collection_method` is `send_invoice`."
        raise invalid(message, "days_until_due", "parameter_missing")
    if not sends and "days_until_due" in given:
        raise invalid("You can only pass `days_until_due` if `collection_method` is `send_invoice`.", "days_until_due")
    days: int | None = given.get("days_until_due")
    return days
