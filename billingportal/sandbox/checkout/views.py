"""The contents of the checkout page."""

from billingportal.sandbox.checkout.completion import asks_address, needs_method
from billingportal.sandbox.customer_portal.views import every, price_shown
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.tax_id_types import TYPES
from billingportal.sandbox.state.store import Store

DAY = 24 * 3600


def shown(store: Store, session: Document) -> Document:
    """Lines, sums, and the fields of the page."""
    data = session["_subscription_data"]
    trial = data.get("trial_period_days") or data.get("trial_end")
    return {
        "lines": [line_shown(store, store.objects["item"][one]) for one in session["_line_items"]],
        "trial_days": data.get("trial_period_days"),
        "trial_end": data.get("trial_end"),
        "email": (session["customer_details"] or {}).get("email") or session["customer_email"],
        "asks_method": needs_method(session),
        "asks_address": asks_address(session),
        "asks_terms": (session["consent_collection"] or {}).get("terms_of_service") == "required",
        "kinds": TYPES if session["tax_id_collection"]["enabled"] else (),
        "button": "Start trial" if trial else "Pay and subscribe" if session["amount_total"] else "Subscribe",
    }


def line_shown(store: Store, line: Document) -> Document:
    """`2 × Pro`, `$20.00 per month`."""
    price = store.objects["price"][line["price"]]
    metered = line["quantity"] is None
    by_use = f"billed by use per {every(price)}"
    return {
        **line,
        "terms": by_use if metered else price_shown(price, line["quantity"], line["currency"]),
        "adjustable": (line["adjustable_quantity"] or {}).get("enabled", False),
    }
