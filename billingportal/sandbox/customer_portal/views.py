"""The contents of the customer portal's pages."""

from decimal import Decimal
from itertools import islice

from billingportal.sandbox.amounts import total
from billingportal.sandbox.customer_portal.visit import Visit
from billingportal.sandbox.http.presentation import ENDED, parts
from billingportal.sandbox.http.rendering import money
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.hosted.portal_sessions import offered

INVOICES_SHOWN = 24
STATES = {
    "past_due": "Past due",
    "unpaid": "Unpaid",
    "paused": "Paused",
    "trialing": "Trial",
    "incomplete": "Incomplete",
}


def overview(visit: Visit) -> Document:
    """The contents of the home page."""
    return {
        "subscriptions": [subscription_shown(visit, one) for one in running(visit)],
        "methods": methods(visit),
        "tax_ids": tax_ids(visit),
        "invoices": list(islice(invoices(visit), INVOICES_SHOWN)),
    }


def running(visit: Visit) -> list[Document]:
    """The customer's subscriptions that have not ended, newest first."""
    own = [visit.store.objects["subscription"][one] for one in visit.customer["_subscriptions"]]
    return [one for one in reversed(own) if one["status"] not in ENDED]


def subscription_shown(visit: Visit, subscription: Document) -> Document:
    """A subscription in words: items, amount, dates."""
    items = [visit.store.objects["subscription_item"][one] for one in subscription["_items"]]
    return {
        "id": subscription["id"],
        "lines": [item_shown(visit, item, subscription["currency"]) for item in items],
        "paused": subscription["status"] == "paused",
        "state": STATES.get(subscription["status"]),
        "ends": subscription["cancel_at"],
        "renews": min(item["current_period_end"] for item in items),
    }


def item_shown(visit: Visit, item: Document, currency: str) -> str:
    """`2 × Pro, $20.00 per month`; metered items have no sum yet."""
    price = visit.store.objects["price"][item["price"]]
    name = visit.store.objects["product"][price["product"]]["name"]
    if item["quantity"] is None:
        return f"{name}, billed by use per {every(price)}"
    number = "" if item["quantity"] == 1 else f"{item['quantity']} × "
    return f"{number}{name}, {price_shown(price, item['quantity'], currency)}"


def price_shown(price: Document, quantity: int, currency: str) -> str:
    """`$20.00 per month` for a quantity."""
    return f"{money(total(price, Decimal(quantity), currency), currency)} per {every(price)}"


def every(price: Document) -> str:
    """`month`, `3 months`."""
    interval, count = price["recurring"]["interval"], price["recurring"]["interval_count"]
    return interval if count == 1 else f"{count} {interval}s"


def methods(visit: Visit) -> list[Document]:
    """The customer's cards and accounts, the default one marked."""
    default = visit.customer["invoice_settings"]["default_payment_method"]
    own = [one for one in visit.store.living("payment_method") if one["customer"] == visit.customer["id"]]
    return [{"id": one["id"], "name": method_shown(one), "default": one["id"] == default} for one in own]


def method_shown(method: Document) -> str:
    """`Visa ending in 4242, expires 12/2034`."""
    if method["type"] != "card":
        return f"SEPA Direct Debit ending in {method[method['type']]['last4']}"
    card = method["card"]
    brand = card["brand"].capitalize()
    return f"{brand} ending in {card['last4']}, expires {card['exp_month']:02}/{card['exp_year']}"


def tax_ids(visit: Visit) -> list[Document]:
    """The customer's tax ids."""
    return parts(visit.store, "tax_id", visit.customer["_tax_ids"])


def invoices(visit: Visit) -> list[Document]:
    """The customer's invoices except drafts and void ones, newest first."""
    own = (one for one in visit.store.newest_first("invoice") if one["customer"] == visit.customer["id"])
    return [one for one in own if one["status"] not in ("draft", "void")]


def choices(visit: Visit, subscription: Document) -> list[Document]:
    """The prices that the customer may switch to, in the subscription's currency."""
    currency = subscription["currency"]
    item = visit.store.objects["subscription_item"][subscription["_items"][0]]
    prices = [visit.store.objects["price"][one] for one in offered(visit.configuration)]
    return [
        {
            "id": price["id"],
            "name": visit.store.objects["product"][price["product"]]["name"],
            "terms": price_shown(price, 1, currency),
            "current": price["id"] == item["price"],
        }
        for price in prices
        if price["active"] and currency in price["currency_options"]
    ]
