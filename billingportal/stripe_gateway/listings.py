"""Stripe's lists of the objects that the portal mirrors."""

from dataclasses import dataclass

from billingportal.plain_json import Json, JsonObject

# Stripe leaves these out of a price unless they are expanded.
PRICE_PARTS = ["tiers", "currency_options"]
IN_LIST: list[Json] = [f"data.{part}" for part in PRICE_PARTS]


@dataclass(frozen=True)
class Walk:
    """How to list objects of one type: `kind` is Stripe's name of it.

    `share`: about how many of 100 objects of an account are in this list, to estimate how long all of them take.
    `has_lines`: read the lines of its invoices too.
    """

    kind: str
    path: str
    filters: JsonObject
    share: int = 1
    has_lines: bool = False


# All objects of an account, referenced types first. Stripe's lists of products and prices leave archived
# ones out unless asked; its list of subscriptions leaves canceled ones out.
WALKS: dict[str, Walk] = {
    "active products": Walk("product", "/v1/products", {"active": True}),
    "archived products": Walk("product", "/v1/products", {"active": False}),
    "meters": Walk("billing.meter", "/v1/billing/meters", {}),
    "active prices": Walk("price", "/v1/prices", {"active": True, "expand": IN_LIST}),
    "archived prices": Walk("price", "/v1/prices", {"active": False, "expand": IN_LIST}),
    "customers": Walk("customer", "/v1/customers", {}, share=10),
    "subscriptions": Walk("subscription", "/v1/subscriptions", {"status": "all"}, share=10),
    "invoices": Walk("invoice", "/v1/invoices", {}, share=35),
    "invoice payments": Walk("invoice_payment", "/v1/invoice_payments", {}, share=35),
    "subscription schedules": Walk("subscription_schedule", "/v1/subscription_schedules", {}),
    "refunds": Walk("refund", "/v1/refunds", {}, share=2),
    "disputes": Walk("dispute", "/v1/disputes", {}),
}
