"""The terms of a schedule's phase, taken from the subscription: all that the SDK's phase parameters can hold.

A phase keeps nothing that it does not name: discounts and payment method fall back to the customer's, the rest to
Stripe's defaults (the SDK's SubscriptionScheduleUpdateParamsPhase). Named discounts are those that run, so that they
end when they would have.
"""

from collections.abc import Iterable

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.fields import (
    optional_id,
    optional_number,
    optional_text,
    part,
    plain_rows,
    required_id,
    rows,
    short_text,
    stored_part,
    text,
)


def phase_terms(subscription: JsonObject) -> JsonObject:
    """The subscription's terms other than items and dates."""
    return named(
        {
            "application_fee_percent": subscription.get("application_fee_percent"),
            "automatic_tax": automatic_tax(part(subscription, "automatic_tax")),
            "billing_thresholds": named(dict(part(subscription, "billing_thresholds"))),
            "collection_method": text(subscription, "collection_method"),
            "default_payment_method": optional_id(subscription, "default_payment_method"),
            "default_tax_rates": ids(subscription, "default_tax_rates"),
            "description": optional_text(subscription, "description"),
            "discounts": discounts(subscription),
            "invoice_settings": invoice_settings(subscription),
            "metadata": stored_part(subscription, "metadata"),
            "on_behalf_of": optional_id(subscription, "on_behalf_of"),
            "transfer_data": transfer_data(part(subscription, "transfer_data")),
        }
    )


def item_terms(item: JsonObject) -> JsonObject:
    """A subscription item's terms other than price and quantity."""
    return named(
        {
            "billing_thresholds": named(dict(part(item, "billing_thresholds"))),
            "discounts": discounts(item),
            "metadata": stored_part(item, "metadata"),
            "tax_rates": ids(item, "tax_rates"),
        }
    )


def present_items(subscription: JsonObject) -> list[Json]:
    """The items as they are."""
    found: list[Json] = []
    for item in rows(subscription, "items"):
        price = required_id(item, "price")
        found.append({**item_params(price, optional_number(item, "quantity")), **item_terms(item)})
    return found


def item_params(price_id: str, quantity: int | None) -> JsonObject:
    return {"price": price_id} if quantity is None else {"price": price_id, "quantity": quantity}


def find_item(subscription: JsonObject, item_id: str | None, price_id: str) -> JsonObject:
    """The subscription item with this id, else with this price; empty where there is none."""
    items = rows(subscription, "items")
    same = (one for one in items if short_text(one, "id") == item_id)
    alike = (one for one in items if required_id(one, "price") == price_id)
    return next(same, None) or next(alike, {})


def named(terms: JsonObject) -> JsonObject:
    """Without what is not set."""
    return {name: value for name, value in terms.items() if value not in (None, [], {})}


def ids(source: JsonObject, name: str) -> list[Json]:
    """The ids in an array of ids or whole objects; empty when Stripe sends null."""
    value = source.get(name)
    listed: Iterable[Json] = value if isinstance(value, list) else ()
    return [required_id({name: one}, name) for one in listed]


def discounts(source: JsonObject) -> list[Json]:
    """The discounts that run, to be used again."""
    return [{"discount": one} for one in ids(source, "discounts")]


def automatic_tax(source: JsonObject) -> JsonObject:
    if not source:
        return {}
    return named({"enabled": bool(source.get("enabled")), "liability": party(part(source, "liability"))})


def party(source: JsonObject) -> JsonObject:
    """Who is liable for tax, or issues the invoice: an account, or oneself."""
    return named({"type": source.get("type"), "account": optional_id(source, "account")})


def transfer_data(source: JsonObject) -> JsonObject:
    share = source.get("amount_percent")
    return named({"amount_percent": share, "destination": optional_id(source, "destination")})


def invoice_settings(subscription: JsonObject) -> JsonObject:
    """The settings of the invoices, which in a phase include the days until they are due."""
    source = part(subscription, "invoice_settings")
    fields = plain_rows(source, "custom_fields") if source.get("custom_fields") else []
    return named(
        {
            "account_tax_ids": ids(source, "account_tax_ids"),
            "custom_fields": [{"name": text(one, "name"), "value": text(one, "value")} for one in fields],
            "days_until_due": optional_number(subscription, "days_until_due"),
            "description": optional_text(source, "description"),
            "footer": optional_text(source, "footer"),
            "issuer": party(part(source, "issuer")),
        }
    )
