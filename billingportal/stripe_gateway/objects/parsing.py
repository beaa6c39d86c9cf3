"""Parses Stripe's JSON into our copies. Takes plain dicts, so event payloads and API answers share the code."""

from collections.abc import Callable

from billingportal.limits import is_storable
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.objects import parse_billing, parse_catalog, parse_payments, parse_sales
from billingportal.stripe_gateway.objects.connection import AccountCopy, EventDestinationCopy, WebhookEndpointCopy
from billingportal.stripe_gateway.objects.copies import Copy, EventCopy
from billingportal.stripe_gateway.objects.fields import (
    flag,
    moment,
    optional_text,
    part,
    short_text,
    spelled_moment,
    stored_part,
    text,
    texts,
)
from billingportal.stripe_gateway.objects.meters import ThinEventCopy

COPIED: dict[str, Callable[[JsonObject], Copy]] = {
    "product": parse_catalog.product,
    "price": parse_catalog.price,
    "billing.meter": parse_catalog.meter,
    "customer": parse_billing.customer,
    "subscription": parse_billing.subscription,
    "invoice": parse_billing.invoice,
    "invoice_payment": parse_payments.invoice_payment,
    "payment_method": parse_payments.payment_method,
    "refund": parse_payments.refund,
    "dispute": parse_payments.dispute,
    "checkout.session": parse_sales.checkout_session,
    "subscription_schedule": parse_sales.subscription_schedule,
    "test_helpers.test_clock": parse_sales.test_clock,
}


def copy_of(source: JsonObject) -> Copy:
    """The copy of one object, chosen by its `object` field. Raises UnreadableObject."""
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


def thin_event(source: JsonObject) -> ThinEventCopy:
    """A thin event, as delivered, listed or fetched."""
    if source.get("object") != "v2.core.event":
        raise UnreadableObject("it is not a thin event")
    related = part(source, "related_object")
    return ThinEventCopy(
        stripe_event_id=short_text(source, "id"),
        type=short_text(source, "type"),
        livemode=flag(source, "livemode"),
        context=optional_text(source, "context"),
        created_at=spelled_moment(source, "created"),
        related_object_id=short_text(related, "id") if related.get("id") is not None else None,
    )


def account(source: JsonObject, *, livemode: bool) -> AccountCopy:
    """The account. Its name is the dashboard's display name, else the business name, else None."""
    dashboard = part(part(source, "settings"), "dashboard")
    name = dashboard.get("display_name") or part(source, "business_profile").get("name")
    return AccountCopy(
        stripe_account_id=short_text(source, "id"),
        name=name if isinstance(name, str) and is_storable(name) else None,
        country=optional_text(source, "country"),
        currency=optional_text(source, "default_currency"),
        charges_enabled=flag(source, "charges_enabled"),
        livemode=livemode,
    )


def event_destination(source: JsonObject) -> EventDestinationCopy:
    inside = part(source, "webhook_endpoint")
    return EventDestinationCopy(
        stripe_event_destination_id=short_text(source, "id"),
        url=optional_text(inside, "url") or "",
        is_enabled=source.get("status") == "enabled",
        is_thin=source.get("event_payload") == "thin",
        enabled_events=frozenset(texts(source, "enabled_events")),
        labels=stored_part(source, "metadata"),
        secret=optional_text(inside, "signing_secret"),
    )


def webhook_endpoint(source: JsonObject) -> WebhookEndpointCopy:
    return WebhookEndpointCopy(
        stripe_webhook_endpoint_id=short_text(source, "id"),
        url=text(source, "url"),
        is_enabled=source.get("status") == "enabled",
        api_version=optional_text(source, "api_version"),
        enabled_events=frozenset(texts(source, "enabled_events")),
        labels=stored_part(source, "metadata"),
        secret=optional_text(source, "secret"),
    )
