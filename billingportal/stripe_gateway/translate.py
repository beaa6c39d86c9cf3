"""Stripe's JSON into our copies. Plain dicts in, so that payloads and answers take the same way."""

from collections.abc import Callable
from typing import cast

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.copies import (
    AccountCopy,
    Copy,
    CustomerCopy,
    EventCopy,
    InvoiceCopy,
    MeterCopy,
    PriceCopy,
    ProductCopy,
    SubscriptionCopy,
    SubscriptionItemCopy,
    WebhookEndpointCopy,
)
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.fields import (
    decimal,
    exact,
    flag,
    moment,
    number,
    optional_id,
    optional_moment,
    optional_number,
    optional_text,
    part,
    required_id,
    rows,
    text,
)


def product(source: JsonObject) -> ProductCopy:
    return ProductCopy(
        stripe_product_id=text(source, "id"),
        name=text(source, "name"),
        description=optional_text(source, "description"),
        active=flag(source, "active"),
        unit_label=optional_text(source, "unit_label"),
        default_stripe_price_id=optional_id(source, "default_price"),
        labels=part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def price(source: JsonObject) -> PriceCopy:
    recurring = part(source, "recurring")
    package = part(source, "transform_quantity")
    return PriceCopy(
        stripe_price_id=text(source, "id"),
        stripe_product_id=required_id(source, "product"),
        active=flag(source, "active"),
        currency=text(source, "currency"),
        nickname=optional_text(source, "nickname"),
        lookup_key=optional_text(source, "lookup_key"),
        type=text(source, "type"),
        billing_scheme=text(source, "billing_scheme"),
        tiers_mode=optional_text(source, "tiers_mode"),
        unit_amount_decimal=decimal(source.get("unit_amount_decimal")),
        is_custom_amount=source.get("custom_unit_amount") is not None,
        interval=optional_text(recurring, "interval"),
        interval_count=optional_number(recurring, "interval_count"),
        usage_type=optional_text(recurring, "usage_type"),
        stripe_meter_id=optional_id(recurring, "meter"),
        package_size=optional_number(package, "divide_by"),
        package_round=optional_text(package, "round"),
        tax_behavior=optional_text(source, "tax_behavior"),
        tiers=tiers(source),
        currency_options={name: currency_option(cast(JsonObject, option)) for name, option in options(source)},
        labels=part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def options(source: JsonObject) -> list[tuple[str, Json]]:
    return sorted(part(source, "currency_options").items())


def currency_option(source: JsonObject) -> JsonObject:
    return {
        "unit_amount_decimal": exact(source.get("unit_amount_decimal")),
        "tax_behavior": optional_text(source, "tax_behavior"),
        "tiers": cast(Json, tiers(source)),
    }


def tiers(source: JsonObject) -> list[Json] | None:
    """The tiers, lowest first; `up_to` is None for the last one. None when Stripe was not asked for them."""
    listed = source.get("tiers")
    if not isinstance(listed, list):
        return None
    return [tier(cast(JsonObject, row)) for row in listed]


def tier(source: JsonObject) -> JsonObject:
    return {
        "up_to": optional_number(source, "up_to"),
        "unit_amount_decimal": exact(source.get("unit_amount_decimal")),
        "flat_amount_decimal": exact(source.get("flat_amount_decimal")),
    }


def meter(source: JsonObject) -> MeterCopy:
    return MeterCopy(
        stripe_meter_id=text(source, "id"),
        display_name=text(source, "display_name"),
        event_name=text(source, "event_name"),
        status=text(source, "status"),
        aggregation=text(part(source, "default_aggregation"), "formula"),
        customer_payload_key=text(part(source, "customer_mapping"), "event_payload_key"),
        value_payload_key=text(part(source, "value_settings"), "event_payload_key"),
        created_at=moment(source, "created"),
    )


def customer(source: JsonObject) -> CustomerCopy:
    return CustomerCopy(
        stripe_customer_id=text(source, "id"),
        name=optional_text(source, "name"),
        email=optional_text(source, "email"),
        currency=optional_text(source, "currency"),
        balance_minor=number(source, "balance"),
        delinquent=flag(source, "delinquent"),
        default_stripe_payment_method_id=optional_id(part(source, "invoice_settings"), "default_payment_method"),
        labels=part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def subscription(source: JsonObject) -> SubscriptionCopy:
    items = sorted((subscription_item(row) for row in rows(source, "items")), key=item_id)
    return SubscriptionCopy(
        stripe_subscription_id=text(source, "id"),
        stripe_customer_id=required_id(source, "customer"),
        status=text(source, "status"),
        currency=text(source, "currency"),
        collection_method=text(source, "collection_method"),
        cancel_at_period_end=flag(source, "cancel_at_period_end"),
        cancels_at=optional_moment(source, "cancel_at"),
        canceled_at=optional_moment(source, "canceled_at"),
        ended_at=optional_moment(source, "ended_at"),
        trial_ends_at=optional_moment(source, "trial_end"),
        started_at=moment(source, "start_date"),
        latest_stripe_invoice_id=optional_id(source, "latest_invoice"),
        default_stripe_payment_method_id=optional_id(source, "default_payment_method"),
        labels=part(source, "metadata"),
        created_at=moment(source, "created"),
        items=tuple(items),
    )


def item_id(item: SubscriptionItemCopy) -> str:
    return item.stripe_subscription_item_id


def subscription_item(source: JsonObject) -> SubscriptionItemCopy:
    sold = part(source, "price")
    return SubscriptionItemCopy(
        stripe_subscription_item_id=text(source, "id"),
        stripe_price_id=text(sold, "id"),
        stripe_product_id=required_id(sold, "product"),
        quantity=optional_number(source, "quantity"),
        period_started_at=moment(source, "current_period_start"),
        period_ends_at=moment(source, "current_period_end"),
    )


def invoice(source: JsonObject) -> InvoiceCopy:
    transitions = part(source, "status_transitions")
    return InvoiceCopy(
        stripe_invoice_id=text(source, "id"),
        stripe_customer_id=optional_id(source, "customer"),
        stripe_subscription_id=optional_id(part(part(source, "parent"), "subscription_details"), "subscription"),
        number=optional_text(source, "number"),
        status=text(source, "status"),
        billing_reason=optional_text(source, "billing_reason"),
        collection_method=text(source, "collection_method"),
        currency=text(source, "currency"),
        subtotal_minor=number(source, "subtotal"),
        total_minor=number(source, "total"),
        amount_due_minor=number(source, "amount_due"),
        amount_paid_minor=number(source, "amount_paid"),
        amount_remaining_minor=number(source, "amount_remaining"),
        attempt_count=number(source, "attempt_count"),
        next_attempt_at=optional_moment(source, "next_payment_attempt"),
        due_at=optional_moment(source, "due_date"),
        finalized_at=optional_moment(transitions, "finalized_at"),
        paid_at=optional_moment(transitions, "paid_at"),
        voided_at=optional_moment(transitions, "voided_at"),
        hosted_invoice_url=optional_text(source, "hosted_invoice_url"),
        invoice_pdf_url=optional_text(source, "invoice_pdf"),
        labels=part(source, "metadata"),
        created_at=moment(source, "created"),
    )


COPIED: dict[str, Callable[[JsonObject], Copy]] = {
    "product": product,
    "price": price,
    "billing.meter": meter,
    "customer": customer,
    "subscription": subscription,
    "invoice": invoice,
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
        stripe_event_id=text(source, "id"),
        type=text(source, "type"),
        api_version=optional_text(source, "api_version"),
        livemode=flag(source, "livemode"),
        stripe_account_id=optional_text(source, "account"),
        created_at=moment(source, "created"),
        object_id=optional_text(inside, "id"),
        object=inside,
        previous_attributes=previous if isinstance(previous, dict) else None,
    )


def account(source: JsonObject, *, livemode: bool) -> AccountCopy:
    """The account with the name it goes by: the dashboard's, else the business name, else none."""
    dashboard = part(part(source, "settings"), "dashboard")
    name = dashboard.get("display_name") or part(source, "business_profile").get("name")
    return AccountCopy(
        stripe_account_id=text(source, "id"),
        name=name if isinstance(name, str) else None,
        country=optional_text(source, "country"),
        currency=optional_text(source, "default_currency"),
        charges_enabled=flag(source, "charges_enabled"),
        livemode=livemode,
    )


def webhook_endpoint(source: JsonObject) -> WebhookEndpointCopy:
    return WebhookEndpointCopy(
        stripe_webhook_endpoint_id=text(source, "id"),
        url=text(source, "url"),
        is_enabled=source.get("status") == "enabled",
        api_version=optional_text(source, "api_version"),
        enabled_events=frozenset(cast(list[str], source.get("enabled_events") or [])),
        labels=part(source, "metadata"),
        secret=optional_text(source, "secret"),
    )
