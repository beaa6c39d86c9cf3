"""What Stripe does not let a checkout session ask for."""

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.build import metered_price, monthly_price
from tests.sandbox.checkout.build import customer, open_session


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"success_url": None}, "Missing required param: success_url"),
        ({"success_url": "portal"}, "Not a valid URL"),
        ({"mode": None}, "Missing required param: mode"),
        ({"mode": "payment"}, "`payment` mode"),
        ({"ui_mode": "embedded_page"}, "hosted_page"),
        ({"customer_creation": "always"}, "customer_creation"),
        ({"customer_email": "a@b.example", "customer": "cus_1"}, "No such customer"),
        ({"customer_email": "nobody"}, "Invalid email address"),
        ({"customer_update": {"name": "auto"}}, "can only be used with `customer`"),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "x"}]}, "only specify one of these"),
        ({"expires_at": int(time.time()) + 60}, "at least 30 minutes"),
        ({"expires_at": int(time.time()) + 90000}, "less than 24 hours"),
        ({"subscription_data": {"trial_end": int(time.time()) + 3600}}, "at least 2 days"),
        ({"subscription_data": {"trial_end": int(time.time()) + 360000, "trial_period_days": 3}}, "only specify one"),
        ({"subscription_data": {"trial_period_days": 0}}, "greater than or equal to 1"),
        ({"line_items": [{"price": "price_1"}]}, "No such price"),
        ({"coupon": "x"}, "unknown parameter"),
    ],
)
def test_parameters_are_refused(client: stripe.StripeClient, more: dict[str, Any], words: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words):
        open_session(client, monthly_price(client).id, **more)
    assert client.v1.checkout.sessions.list().data == []


def test_payment_method_types_are_gone(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_session(client, monthly_price(client).id, payment_method_types=["card"])
    assert refused.value.code == "payment_method_types_no_longer_supported"


def test_use_has_no_quantity_and_all_else_has_one(client: stripe.StripeClient) -> None:
    for price, line in ((metered_price(client), {"quantity": 1}), (monthly_price(client), {})):
        with pytest.raises(stripe.InvalidRequestError, match=r"[Qq]uantity"):
            open_session(client, "", line_items=[{"price": price.id, **line}])


def test_tax_needs_an_address_and_tax_ids_a_name(client: stripe.StripeClient) -> None:
    price, nowhere = monthly_price(client).id, customer(client).id
    somewhere = customer(client, address={"country": "IE"}).id
    tax: dict[str, Any] = {"automatic_tax": {"enabled": True}}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_session(client, price, customer=nowhere, **tax)
    assert refused.value.code == "customer_tax_location_invalid"
    open_session(client, price, customer=nowhere, customer_update={"address": "auto"}, **tax)
    open_session(client, price, customer=somewhere, **tax)
    ids: dict[str, Any] = {"tax_id_collection": {"enabled": True}}
    with pytest.raises(stripe.InvalidRequestError, match="updating business name"):
        open_session(client, price, customer=somewhere, **ids)
    open_session(client, price, customer=somewhere, customer_update={"name": "auto"}, **ids)
