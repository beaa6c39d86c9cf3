"""Parses Stripe's JSON of products, prices and meters."""

from typing import cast

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.copies import PriceCopy, ProductCopy
from billingportal.stripe_gateway.objects.fields import (
    decimal,
    exact,
    flag,
    moment,
    optional_count,
    optional_id,
    optional_number,
    optional_text,
    part,
    plain_rows,
    required_id,
    short_text,
    stored_part,
    text,
)
from billingportal.stripe_gateway.objects.meters import MeterCopy


def product(source: JsonObject) -> ProductCopy:
    return ProductCopy(
        stripe_product_id=short_text(source, "id"),
        name=text(source, "name"),
        description=optional_text(source, "description"),
        active=flag(source, "active"),
        unit_label=optional_text(source, "unit_label"),
        default_stripe_price_id=optional_id(source, "default_price"),
        labels=stored_part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def price(source: JsonObject) -> PriceCopy:
    recurring = part(source, "recurring")
    package = part(source, "transform_quantity")
    options = part(source, "currency_options")
    return PriceCopy(
        stripe_price_id=short_text(source, "id"),
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
        interval_count=optional_count(recurring, "interval_count"),
        usage_type=optional_text(recurring, "usage_type"),
        stripe_meter_id=optional_id(recurring, "meter"),
        package_size=optional_count(package, "divide_by"),
        package_round=optional_text(package, "round"),
        tax_behavior=optional_text(source, "tax_behavior"),
        tiers=tiers(source),
        currency_options={name: currency_option(part(options, name)) for name in sorted(options)},
        labels=stored_part(source, "metadata"),
        created_at=moment(source, "created"),
    )


def currency_option(source: JsonObject) -> JsonObject:
    return {
        "unit_amount_decimal": exact(source.get("unit_amount_decimal")),
        "tax_behavior": optional_text(source, "tax_behavior"),
        "tiers": cast(Json, tiers(source)),
    }


def tiers(source: JsonObject) -> list[Json] | None:
    """The tiers, lowest first; `up_to` is None for the last one. None when the request did not expand them."""
    return None if source.get("tiers") is None else [tier(row) for row in plain_rows(source, "tiers")]


def tier(source: JsonObject) -> JsonObject:
    return {
        "up_to": optional_number(source, "up_to"),
        "unit_amount_decimal": exact(source.get("unit_amount_decimal")),
        "flat_amount_decimal": exact(source.get("flat_amount_decimal")),
    }


def meter(source: JsonObject) -> MeterCopy:
    return MeterCopy(
        stripe_meter_id=short_text(source, "id"),
        display_name=text(source, "display_name"),
        event_name=text(source, "event_name"),
        status=text(source, "status"),
        aggregation=text(part(source, "default_aggregation"), "formula"),
        customer_payload_key=text(part(source, "customer_mapping"), "event_payload_key"),
        value_payload_key=text(part(source, "value_settings"), "event_payload_key"),
        event_time_window=optional_text(source, "event_time_window"),
        created_at=moment(source, "created"),
    )
