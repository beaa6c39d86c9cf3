"""Stripe's JSON into our copies. Plain dicts in, so that payloads and answers take the same way."""

from collections.abc import Callable
from typing import cast

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway import translate_billing, translate_catalog, translate_payments, translate_sales
from billingportal.stripe_gateway.copies import AccountCopy, Copy, EventCopy, WebhookEndpointCopy
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.fields import flag, moment, optional_text, part, short_text, stored_part, text

COPIED: dict[str, Callable[[JsonObject], Copy]] = {
    "product": translate_catalog.product,
    "price": translate_catalog.price,
    "billing.meter": translate_catalog.meter,
    "customer": translate_billing.customer,
    "subscription": translate_billing.subscription,
    "invoice": translate_billing.invoice,
    "invoice_payment": translate_payments.invoice_payment,
    "payment_method": translate_payments.payment_method,
    "refund": translate_payments.refund,
    "dispute": translate_payments.dispute,
    "checkout.session": translate_sales.checkout_session,
    "subscription_schedule": translate_sales.subscription_schedule,
    "test_helpers.test_clock": translate_sales.test_clock,
}


def copy_of(source: JsonObject) -> Copy:
    """The copy of one object, by its own `object` name. Raises UnreadableObject."""
    name = text(source, "object")
    if name not in COPIED:
        raise UnreadableObject(f"the portal keeps no copy of {name}")
    return COPIED[name](source)


def event(source: JsonObject) -> EventCopy:
    data = part(source, "data")
    inside = part(data, "object")
    previous = data.get("previous_attributes")
    return EventCopy(
        stripe_event_id=short_text(source, "id"),
        type=short_text(source, "type"),
        api_version=optional_text(source, "api_version"),
        livemode=flag(source, "livemode"),
        stripe_account_id=optional_text(source, "account"),
        created_at=moment(source, "created"),
        object_id=short_text(inside, "id") if inside.get("id") is not None else None,
        object=inside,
        previous_attributes=previous if isinstance(previous, dict) else None,
    )


def account(source: JsonObject, *, livemode: bool) -> AccountCopy:
    """The account with the name it goes by: the dashboard's, else the business name, else none."""
    dashboard = part(part(source, "settings"), "dashboard")
    name = dashboard.get("display_name") or part(source, "business_profile").get("name")
    return AccountCopy(
        stripe_account_id=short_text(source, "id"),
        name=name if isinstance(name, str) else None,
        country=optional_text(source, "country"),
        currency=optional_text(source, "default_currency"),
        charges_enabled=flag(source, "charges_enabled"),
        livemode=livemode,
    )


def webhook_endpoint(source: JsonObject) -> WebhookEndpointCopy:
    return WebhookEndpointCopy(
        stripe_webhook_endpoint_id=short_text(source, "id"),
        url=text(source, "url"),
        is_enabled=source.get("status") == "enabled",
        api_version=optional_text(source, "api_version"),
        enabled_events=frozenset(cast(list[str], source.get("enabled_events") or [])),
        labels=stored_part(source, "metadata"),
        secret=optional_text(source, "secret"),
    )
