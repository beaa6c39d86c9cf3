"""The parameters of Stripe's requests that create a live meter or price like one of test mode."""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from billingportal.domain.prices.terms import currencies, terms_of
from billingportal.models import Meter, Price
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.requests.catalog import CurrencyOption, NewPrice
from billingportal.stripe_gateway.requests.go_live.catalog_copies import LABEL, price_copy_params

TierRow = tuple[int | None, Decimal, Decimal]


def meter_request(meter: Meter) -> JsonObject:
    """The parameters of a meter with the same event, formula, keys and window."""
    params: JsonObject = {
        "display_name": meter.display_name,
        "event_name": meter.event_name,
        "default_aggregation": {"formula": meter.aggregation},
        "customer_mapping": {"type": "by_id", "event_payload_key": meter.customer_payload_key},
        "value_settings": {"event_payload_key": meter.value_payload_key},
    }
    if meter.event_time_window is not None:
        params["event_time_window"] = meter.event_time_window
    return params


def price_request(price: Price, product_id: str, meter_id: str | None) -> JsonObject:
    """The parameters of a price with the same terms, lookup key, nickname and labels, and our label beside them."""
    terms = terms_of(price)
    labels = {name: str(value) for name, value in price.labels.items()}
    return price_copy_params(
        NewPrice(
            stripe_product_id=product_id,
            currency=price.currency,
            unit_amount=None if terms.tiers_mode else terms.unit_amount,
            tiers=tier_rows(price, price.currency),
            tiers_mode=terms.tiers_mode,
            package=None if terms.package is None else (terms.package.size, terms.package.rounding),
            interval=price.interval or "month",
            interval_count=price.interval_count or 1,
            stripe_meter_id=meter_id,
            lookup_key=price.lookup_key,
            moves_lookup_key=False,
            tax_behavior=price.tax_behavior or "unspecified",
            nickname=price.nickname,
            labels={**labels, LABEL: price.stripe_price_id},
            options=[option_of(price, name) for name in currencies(price) if name != price.currency],
        )
    )


def option_of(price: Price, currency: str) -> CurrencyOption:
    terms = terms_of(price, currency)
    option = cast(JsonObject, price.currency_options[currency])
    behavior = str(option.get("tax_behavior") or "unspecified")
    unit_amount = None if terms.tiers_mode else terms.unit_amount
    return CurrencyOption(currency, unit_amount, tier_rows(price, currency), behavior)


def tier_rows(price: Price, currency: str) -> Sequence[TierRow]:
    return [(tier.up_to, tier.unit_amount, tier.flat_amount) for tier in terms_of(price, currency).tiers]
