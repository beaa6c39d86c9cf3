"""Creates checkout sessions: their parameters, and their attributes until payment."""

from urllib.parse import urlsplit

from billingportal.sandbox.billing.subscription.creation import check_currency_of
from billingportal.sandbox.billing.subscription.items import check_together, price_for
from billingportal.sandbox.checkout import refusals
from billingportal.sandbox.checkout.quotes import requote
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import merged
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import check_currency
from billingportal.sandbox.resources.customers.customers import check_email
from billingportal.sandbox.state.identifiers import letters, new_id

KIND = "checkout.session"
MINUTE, DAY = 60, 24 * 3600
NOTHING_YET: Document = {
    "object": KIND,
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "client_secret": None,
    "collected_information": None,
    "consent": None,
    "currency_conversion": None,
    "custom_fields": [],
    "customer_account": None,
    "customer_creation": "always",
    "customer_details": None,
    "invoice": None,
    "invoice_creation": None,
    "payment_intent": None,
    "payment_link": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card", "sepa_debit"],
    "payment_status": "unpaid",
    "permissions": None,
    "recovered_from": None,
    "saved_payment_method_options": {
        "allow_redisplay_filters": ["always"],
        "payment_method_remove": "disabled",
        "payment_method_save": None,
    },
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "status": "open",
    "subscription": None,
    "wallet_options": None,
}
# Attributes copied from the parameters of the same names.
PLAIN = (
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "customer_email",
    "integration_identifier",
    "locale",
    "origin_context",
    "submit_type",
    "success_url",
)
RECOVERY = {"allow_promotion_codes": False, "expires_at": None, "url": None}
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def create(call: Call) -> Document:
    """An open session. Raises Refused before anything is stored."""
    given = call.parameters
    customer = call.given("customer", "customer") if "customer" in given else None
    refusals.check(call, customer)
    check_email({"email": given.get("customer_email", "")})
    for name in ("success_url", "cancel_url"):
        check_address(given.get(name, "https://a.example"), name)
    prices = [price_of(call, line, position) for position, line in enumerate(given.get("line_items", []))]
    currency = currency_of(call, prices, customer)
    flexible = given.get("subscription_data", {}).get("billing_mode", {}).get("type", "flexible") == "flexible"
    check_together(call, prices, currency, flexible=flexible, path="line_items")
    if customer is not None:
        check_currency_of(call, customer, currency)
    session = call.store.put(blank_session(call, currency))
    session["_line_items"] = [
        made_line(call, session, line, price) for line, price in zip(given["line_items"], prices, strict=True)
    ]
    session["customer_details"] = None if customer is None else details_of(customer)
    requote(call, session)
    if customer is not None:
        customer.setdefault("_sessions", []).append(session["id"])
    return session


def price_of(call: Call, line: Document, position: int) -> Document:
    """The price of a line. Raises Refused for one-time prices, and for quantities that are not allowed."""
    path = f"line_items[{position}]"
    price = price_for(call, {name: line[name] for name in ("price", "price_data") if name in line}, path)
    metered = price["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in line:
        message = f"Quantity should not be specified where usage_type is `metered`. Remove quantity from `{path}`"
        raise invalid(message, f"{path}[quantity]")
    if not metered and not line.get("quantity"):
        raise invalid(f"Quantity is required. Add `quantity` to `{path}`", f"{path}[quantity]", "parameter_missing")
    return price


def check_address(text: str, name: str) -> None:
    """Raises Refused for an invalid web address."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Not a valid URL", name, "url_invalid")


def currency_of(call: Call, prices: list[Document], customer: Document | None) -> str:
    """The currency asked for, else the customer's where the prices have it, else the prices'."""
    if not prices:
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    if "currency" in call.parameters:
        return check_currency(call.parameters["currency"], "currency")
    own = customer["currency"] if customer is not None else None
    return str(own if own in prices[0]["currency_options"] else prices[0]["currency"])


def expiry_of(call: Call) -> int:
    """When the session expires, in real time: a person sits before it, whatever the customer's test clock shows.

    Raises Refused for sooner than half an hour and later than a day from now.
    """
    given = call.parameters.get("expires_at", call.real_now() + DAY)
    if given < call.real_now() + 30 * MINUTE - MINUTE:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise invalid(message, "expires_at")
    if given > call.real_now() + DAY + MINUTE:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    return int(given)


def blank_session(call: Call, currency: str) -> Document:
    """A session without lines."""
    given = call.parameters
    identifier = f"cs_{call.store.mode}_a1{letters(56)}"
    texts = {name: given.get("custom_text", {}).get(name) or None for name in TEXTS}
    tax = given.get("automatic_tax", {"enabled": False})["enabled"]
    recovery = given.get("after_expiration", {}).get("recovery")
    return {
        "id": identifier,
        **NOTHING_YET,
        **{name: given.get(name) for name in PLAIN},
        "after_expiration": {"recovery": {**RECOVERY, **recovery}} if recovery else None,
        "allow_promotion_codes": given.get("allow_promotion_codes"),
        "allowed_payment_method_types": given.get("allowed_payment_method_types"),
        "excluded_payment_method_types": given.get("excluded_payment_method_types"),
        "automatic_tax": {
            "enabled": tax,
            "liability": {"type": "self"} if tax else None,
            "provider": "stripe" if tax else None,
            "status": None,
        },
        "created": call.real_now(),
        "currency": currency,
        "custom_text": texts,
        "customer": given.get("customer"),
        "discounts": [dict.fromkeys(("coupon", "promotion_code")) | one for one in given.get("discounts", [])],
        "expires_at": expiry_of(call),
        "livemode": call.livemode,
        "metadata": merged({}, given.get("metadata", {})),
        "mode": given["mode"],
        "payment_method_collection": given.get("payment_method_collection", "always"),
        "phone_number_collection": given.get("phone_number_collection", {"enabled": False}),
        "tax_id_collection": {"required": "never", **given.get("tax_id_collection", {"enabled": False})},
        "ui_mode": "hosted_page",
        "url": f"{call.address}/c/{identifier}",
        "_customer_update": given.get("customer_update", {}),
        "_subscription_data": given.get("subscription_data", {}),
        "_line_items": [],
    }


def made_line(call: Call, session: Document, given: Document, price: Document) -> str:
    """The id of a new line; its amounts are computed later."""
    product = call.store.objects["product"][price["product"]]
    adjustable = given.get("adjustable_quantity")
    line = call.store.put(
        {
            "id": new_id("li"),
            "object": "item",
            "adjustable_quantity": None if adjustable is None else {"maximum": None, "minimum": None, **adjustable},
            "currency": session["currency"],
            "description": product["name"],
            "metadata": merged({}, given.get("metadata", {})),
            "price": price["id"],
            "quantity": given.get("quantity"),
        }
    )
    return str(line["id"])


def details_of(customer: Document) -> Document:
    """The customer's known details before the page is submitted."""
    return {
        "address": customer["address"],
        "business_name": None,
        "email": customer["email"],
        "individual_name": None,
        "name": customer["name"],
        "phone": customer["phone"],
        "tax_exempt": customer["tax_exempt"],
        "tax_ids": None,
    }
