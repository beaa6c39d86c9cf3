"""Sample data: a catalog with one price of each model, and a running subscription."""

from dataclasses import replace
from decimal import Decimal

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.router import Handler
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog import meters, prices, products
from billingportal.sandbox.resources.customers import customers as customer_customers
from billingportal.sandbox.resources.subscriptions import subscriptions
from billingportal.sandbox.state.identifiers import letters

MONTHLY = {"interval": "month"}
TIERS = [
    {"up_to": 1000, "unit_amount": 0, "flat_amount": 2900},
    {"up_to": 5000, "unit_amount_decimal": Decimal("1.5")},
    {"up_to": "inf", "unit_amount_decimal": Decimal("0.9")},
]
VOLUME_TIERS = [
    {"up_to": 5, "unit_amount": 900},
    {"up_to": "inf", "unit_amount": 700},
]


def sample(call: Call, name: str) -> Document:
    """Create a sample. Returns its objects' ids. Raises ValueError for an unknown name."""
    if name == "catalog":
        return catalog(call)
    if name == "subscription":
        return subscription(call)
    raise ValueError("name must be catalog or subscription")


def made(call: Call, handler: Handler, parameters: Document) -> str:
    """The id of an operation's new object."""
    result = handler(replace(call, parameters=parameters))
    return str(result["id"]) if isinstance(result, dict) else ""


def models(meter: str) -> dict[str, Document]:
    """The terms of one price of each model."""
    metered = {**MONTHLY, "usage_type": "metered", "meter": meter}
    tiered = {"billing_scheme": "tiered", "recurring": MONTHLY}
    return {
        "flat": {"unit_amount": 4900, "recurring": MONTHLY},
        "per_unit": {"unit_amount_decimal": Decimal("12.5"), "recurring": MONTHLY},
        "package": {
            "unit_amount": 1000,
            "recurring": MONTHLY,
            "transform_quantity": {"divide_by": 100, "round": "up"},
        },
        "volume": {**tiered, "tiers_mode": "volume", "tiers": VOLUME_TIERS},
        "graduated": {**tiered, "tiers_mode": "graduated", "tiers": TIERS},
        "metered": {"unit_amount_decimal": Decimal("0.2"), "recurring": metered},
    }


def catalog(call: Call) -> Document:
    """One product with a price of each model, and a meter."""
    currency = call.account.currency
    product = made(call, products.create, {"name": "Chatbot Pro", "unit_label": "contact"})
    meter = made(
        call,
        meters.create,
        {
            "display_name": "Messages",
            "event_name": f"messages_{letters(6)}",
            "default_aggregation": {"formula": "sum"},
        },
    )
    ids = {
        model: made(call, prices.create, {"currency": currency, "product": product, "nickname": model, **parameters})
        for model, parameters in models(meter).items()
    }
    return {"product": product, "meter": meter, "prices": ids}


def subscription(call: Call) -> Document:
    """A customer with a card that pays, and a subscription to a flat price."""
    parameters = {"name": "Plan Basic"}
    product = made(call, products.create, parameters)
    terms = {"currency": call.account.currency, "product": product, "unit_amount": 4900, "recurring": MONTHLY}
    price = made(call, prices.create, terms)
    customer = made(
        call,
        customer_customers.create,
        {
            "name": "Harbour Dental",
            "email": f"billing-{letters(6).lower()}@harbour.example",
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        },
    )
    identifier = made(call, subscriptions.create, {"customer": customer, "items": [{"price": price}]})
    return {"product": product, "price": price, "customer": customer, "subscription": identifier}
