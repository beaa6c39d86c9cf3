"""Prices and their products."""

from decimal import Decimal
from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, first_item, monthly_price, paying_customer

TIERED: dict[str, Any] = {
    "currency": "usd",
    "product_data": {"name": "Contacts"},
    "recurring": {"interval": "month"},
    "billing_scheme": "tiered",
    "tiers_mode": "graduated",
    "tiers": [{"up_to": 5, "unit_amount": 500, "flat_amount": 1000}, {"up_to": "inf", "unit_amount_decimal": "0.5"}],
}


def create(client: stripe.StripeClient, **params: Any) -> stripe.Price:
    given: Any = {"currency": "usd", "product_data": {"name": "Plan"}, **params}
    return client.v1.prices.create(params=given)


def test_fractions_of_a_cent_leave_the_whole_amount_null(client: stripe.StripeClient) -> None:
    price = create(client, unit_amount_decimal="0.123456789012")
    assert (price.unit_amount, price.unit_amount_decimal) == (None, Decimal("0.123456789012"))
    whole = create(client, unit_amount_decimal="1250.00")
    assert (whole.unit_amount, whole.unit_amount_decimal) == (1250, Decimal(1250))


def test_tiers_read_back_as_stripe_writes_them(client: stripe.StripeClient) -> None:
    price = create(client, **TIERED, expand=["tiers"])
    assert price.unit_amount is None
    assert price.tiers is not None
    assert [tier.up_to for tier in price.tiers] == [5, None]
    assert [tier.flat_amount for tier in price.tiers] == [1000, None]
    assert price.tiers[1].unit_amount_decimal == Decimal("0.5")


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "unit_amount"),
        ({"unit_amount": 1, "unit_amount_decimal": "1"}, "unit_amount"),
        ({"unit_amount": 1, "tiers": [{"up_to": "inf", "unit_amount": 1}]}, "tiers"),
        ({**TIERED, "unit_amount": 1}, "unit_amount"),
        ({**TIERED, "tiers": []}, "tiers"),
        ({**TIERED, "tiers": [{"up_to": 5, "unit_amount": 1}]}, "tiers"),
        ({**TIERED, "tiers": [{"up_to": "inf"}]}, "tiers[0]"),
        ({**TIERED, "tiers": [{"up_to": "inf", "flat_amount_decimal": "0.5"}]}, "tiers[0][flat_amount_decimal]"),
        (
            {**TIERED, "tiers": [{"up_to": n, "unit_amount": 1} for n in (5, 5, "inf")]},
            "tiers[1]",
        ),
        ({"unit_amount": 1, "currency": "zzz"}, "currency"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "interval_count": 37}}, "recurring[interval_count]"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "usage_type": "metered"}}, "recurring[meter]"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "meter": "mtr_x"}}, "recurring[meter]"),
        ({"unit_amount": 1, "product": "prod_x"}, "product"),
    ],
)
def test_prices_that_make_no_sense_are_refused(client: stripe.StripeClient, params: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(client, **params)
    assert refused.value.param == param
    assert client.v1.events.list().data == []


@pytest.mark.parametrize("name", ["unit_amount", "currency", "recurring", "product", "tiers"])
def test_money_cannot_be_changed(client: stripe.StripeClient, name: str) -> None:
    price = create(client, unit_amount=100)
    params: Any = {name: "x"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.update(price.id, params=params)
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", name)


def test_a_lookup_key_moves_only_when_told_to(client: stripe.StripeClient) -> None:
    first = create(client, unit_amount=100, lookup_key="pro")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(client, unit_amount=200, lookup_key="pro")
    assert refused.value.param == "lookup_key"
    second = create(client, unit_amount=200, lookup_key="pro", transfer_lookup_key=True)
    found = client.v1.prices.list(params={"lookup_keys": ["pro"]}).data
    assert [price.id for price in found] == [second.id]
    assert client.v1.prices.retrieve(first.id).lookup_key is None
    updated = next(event for event in client.v1.events.list().data if event.type == "price.updated")
    assert updated.data.previous_attributes is not None
    assert updated.data.previous_attributes.to_dict() == {"lookup_key": "pro"}


def test_a_default_price_cannot_be_archived(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(
        params={"name": "Pro", "default_price_data": {"currency": "usd", "unit_amount": 500}}
    )
    with pytest.raises(stripe.InvalidRequestError, match="default price"):
        client.v1.prices.update(str(product.default_price), params={"active": False})


def test_a_product_with_prices_is_archived_not_deleted(client: stripe.StripeClient) -> None:
    price = create(client, unit_amount=100)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        client.v1.products.delete(str(price.product))
    assert client.v1.products.update(str(price.product), params={"active": False}).active is False
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        create(client, unit_amount=1, product=price.product, product_data=None)


def test_a_product_without_prices_can_be_deleted(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "Short"})
    assert client.v1.products.delete(product.id).deleted is True
    assert event_types(client) == ["product.created", "product.deleted"]
    with pytest.raises(stripe.InvalidRequestError, match="No such product"):
        client.v1.products.retrieve(product.id)


def test_lists_filter_by_what_stripe_filters_by(client: stripe.StripeClient) -> None:
    monthly = monthly_price(client)
    once = create(client, unit_amount=5, currency="eur")
    client.v1.prices.update(once.id, params={"active": False})
    filters: list[tuple[Any, str]] = [
        ({}, monthly.id),
        ({"active": False}, once.id),
        ({"active": False, "currency": "eur"}, once.id),
        ({"type": "recurring"}, monthly.id),
        ({"product": monthly.product}, monthly.id),
        ({"recurring": {"interval": "month"}}, monthly.id),
    ]
    for params, expected in filters:
        assert [price.id for price in client.v1.prices.list(params=params).data] == [expected]


def test_other_currencies_can_be_added_later(client: stripe.StripeClient) -> None:
    price = create(client, unit_amount=100, currency_options={"eur": {"unit_amount": 90}})
    params: Any = {"currency_options": {"gbp": {"unit_amount": 80}}, "expand": ["currency_options"]}
    changed = client.v1.prices.update(price.id, params=params)
    assert changed.currency_options is not None
    amounts = {name: option["unit_amount"] for name, option in changed.currency_options.to_dict().items()}
    assert amounts == {"usd": 100, "eur": 90, "gbp": 80}


def test_prices_made_within_a_subscription_are_never_listed(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "Made to measure"})
    data = {"currency": "usd", "product": product.id, "recurring": {"interval": "month"}, "unit_amount": 700}
    params: Any = {"customer": paying_customer(client).id, "items": [{"price_data": data}]}
    inline = first_item(client.v1.subscriptions.create(params=params)).price
    assert (inline.active, inline.unit_amount) == (False, 700)
    assert client.v1.prices.list().data == client.v1.prices.list(params={"active": False}).data == []
    assert client.v1.prices.retrieve(inline.id).product == product.id
