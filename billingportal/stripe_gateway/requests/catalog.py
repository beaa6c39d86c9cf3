"""Products, prices and meters at Stripe: finds prices, creates and reactivates all three."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.objects.fields import first_rows, text
from billingportal.stripe_gateway.requests.calls import ask

# Stripe's error message says when the object exists in the other mode.
IN_OTHER_MODE = re.compile(r"similar object exists in (test|live) mode")


def price_id_of_lookup_key(client: stripe.StripeClient, lookup_key: str) -> str | None:
    """The active price that has the lookup key now. Raises a StripeProblem."""
    answer, _ = ask(lambda: client.v1.prices.list(params={"lookup_keys": [lookup_key], "active": True, "limit": 1}))
    rows = first_rows(answer)
    return text(rows[0], "id") if rows else None


def is_price_of_other_mode(client: stripe.StripeClient, price_id: str) -> bool:
    """Whether Stripe says that the price exists, but not in the mode of this key. Raises a StripeProblem."""
    try:
        ask(lambda: client.v1.prices.retrieve(price_id))
    except NotThere as refusal:
        return IN_OTHER_MODE.search(refusal.message) is not None
    return False


@dataclass(frozen=True)
class NewPrice:
    """The fields of a new price. Amounts in minor units; a tier without limit has `up_to` None."""

    stripe_product_id: str
    currency: str
    unit_amount: Decimal | None
    tiers: Sequence[tuple[int | None, Decimal, Decimal]]
    tiers_mode: str | None
    package: tuple[int, str] | None
    interval: str
    interval_count: int
    stripe_meter_id: str | None
    lookup_key: str | None
    moves_lookup_key: bool
    tax_behavior: str
    nickname: str | None = None
    labels: Mapping[str, str] | None = None
    options: Sequence["CurrencyOption"] = ()


@dataclass(frozen=True)
class CurrencyOption:
    """The amounts of a new price in another currency than its own."""

    currency: str
    unit_amount: Decimal | None
    tiers: Sequence[tuple[int | None, Decimal, Decimal]]
    tax_behavior: str


def create_product(client: stripe.StripeClient, name: str, description: str | None, idempotency_key: str) -> str:
    """Create a product; its id. Raises a StripeProblem."""
    params: stripe.params.ProductCreateParams = {"name": name}
    if description:
        params["description"] = description
    source, _ = ask(lambda: client.v1.products.create(params=params, options={"idempotency_key": idempotency_key}))
    return text(source, "id")


def create_meter(
    client: stripe.StripeClient, display_name: str, event_name: str, formula: str, idempotency_key: str
) -> str:
    """Create a meter; its id. Raises a StripeProblem."""
    params: stripe.params.billing.MeterCreateParams = {
        "display_name": display_name,
        "event_name": event_name,
        "default_aggregation": {"formula": formula},
    }
    options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
    source, _ = ask(lambda: client.v1.billing.meters.create(params=params, options=options))
    return text(source, "id")


def create_price(client: stripe.StripeClient, new: NewPrice, idempotency_key: str) -> str:
    """Create a price; its id. Raises a StripeProblem."""
    params = cast("stripe.params.PriceCreateParams", price_params(new))
    source, _ = ask(lambda: client.v1.prices.create(params=params, options={"idempotency_key": idempotency_key}))
    return text(source, "id")


def price_params(new: NewPrice) -> JsonObject:
    recurring: JsonObject = {"interval": new.interval, "interval_count": new.interval_count}
    if new.stripe_meter_id is not None:
        recurring |= {"usage_type": "metered", "meter": new.stripe_meter_id}
    params: JsonObject = {
        "product": new.stripe_product_id,
        "currency": new.currency,
        "recurring": recurring,
        "tax_behavior": new.tax_behavior,
    }
    if new.tiers_mode is not None:
        params |= {"billing_scheme": "tiered", "tiers_mode": new.tiers_mode}
    params |= amount_params(new)
    if new.package is not None:
        params["transform_quantity"] = {"divide_by": new.package[0], "round": new.package[1]}
    if new.lookup_key is not None:
        params |= {"lookup_key": new.lookup_key, "transfer_lookup_key": new.moves_lookup_key}
    return params | extra_params(new)


def extra_params(new: NewPrice) -> JsonObject:
    """The parameters that only a copy of another price has."""
    params: JsonObject = {}
    if new.nickname:
        params["nickname"] = new.nickname
    if new.labels:
        params["metadata"] = dict(new.labels)
    if new.options:
        params["currency_options"] = {
            one.currency: {**amount_params(one), "tax_behavior": one.tax_behavior} for one in new.options
        }
    return params


def amount_params(new: NewPrice | CurrencyOption) -> JsonObject:
    """Tiers, or the amount of each unit."""
    if new.tiers:
        rows: list[Json] = [tier_params(*row) for row in new.tiers]
        return {"tiers": rows}
    return {"unit_amount_decimal": plain(new.unit_amount or Decimal(0))}


def tier_params(up_to: int | None, unit_amount: Decimal, flat_amount: Decimal) -> JsonObject:
    row: JsonObject = {"up_to": "inf" if up_to is None else up_to, "unit_amount_decimal": plain(unit_amount)}
    if flat_amount:
        row["flat_amount_decimal"] = plain(flat_amount)
    return row


def plain(amount: Decimal) -> str:
    """The amount without an exponent, which Stripe does not accept."""
    return format(amount, "f")


def set_price_active(client: stripe.StripeClient, price_id: str) -> None:
    """Unarchive a price. Raises a StripeProblem."""
    ask(lambda: client.v1.prices.update(price_id, params={"active": True}))


def set_product_active(client: stripe.StripeClient, product_id: str) -> None:
    """Unarchive a product. Raises a StripeProblem."""
    ask(lambda: client.v1.products.update(product_id, params={"active": True}))


def reactivate_meter(client: stripe.StripeClient, meter_id: str) -> None:
    """Reactivate an inactive meter. Raises a StripeProblem."""
    ask(lambda: client.v1.billing.meters.reactivate(meter_id))
