"""Previews that make no sense."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import first_item, metered_price, monthly_price, paying_customer, preview, running_subscription

ITEMS = "subscription_details[items]"


@pytest.mark.parametrize(
    ("given", "param", "words"),
    [
        ({}, None, "You must provide at least one of"),
        ({"subscription_details": {"items": []}}, None, "You must provide at least one of"),
        ({"subscription_items": [{"price": "price_x"}]}, "subscription_items", "unknown parameter"),
        ({"proration_date": 1}, "proration_date", "unknown parameter"),
        ({"subscription": "sub_gone"}, "subscription", "No such subscription"),
        ({"preview_mode": "last"}, "preview_mode", "must be one of next, or recurring"),
        ({"invoice_items": [{"amount": 5}]}, "invoice_items", "does not know the parameter"),
        ({"subscription_details": {"items": [{"price": "price_gone"}]}}, f"{ITEMS}[0][price]", "No such price"),
        ({"subscription_details": {"items": [{"id": "si_x"}]}}, f"{ITEMS}[0]", "exactly one of"),
        ({"subscription_details": {"items": [{"prize": "x"}]}}, f"{ITEMS}[0][prize]", "unknown parameter"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    client: stripe.StripeClient, given: dict[str, Any], param: str | None, words: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words) as refused:
        preview(client, customer=paying_customer(client).id, **given)
    assert refused.value.param == param


def test_items_follow_the_rules_of_subscriptions(client: stripe.StripeClient) -> None:
    customer, used, flat = paying_customer(client).id, metered_price(client), monthly_price(client)
    for item, words in [
        ({"price": used.id, "quantity": 1}, "quantity for a metered price"),
        ({"id": "si_x", "price": flat.id}, "No such subscription_item"),
    ]:
        with pytest.raises(stripe.InvalidRequestError, match=words):
            preview(client, customer=customer, subscription_details={"items": [item]})


def test_a_proration_date_needs_a_change_within_the_period(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    item = first_item(subscription)
    items: Any = [{"id": item.id, "quantity": 2}]
    for details, words in [
        ({"proration_date": item.current_period_start}, "needs a `subscription`"),
        ({"items": items, "proration_date": item.current_period_start - 1}, "within the current period"),
        ({"items": items, "proration_date": item.current_period_end, "proration_behavior": "none"}, "cannot be used"),
    ]:
        with pytest.raises(stripe.InvalidRequestError, match=words) as refused:
            preview(client, subscription=subscription.id, subscription_details=details)
        assert refused.value.param == "subscription_details[proration_date]"


def test_a_subscription_is_shown_to_its_own_customer_only(client: stripe.StripeClient) -> None:
    subscription, stranger = running_subscription(client), paying_customer(client)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a subscription"):
        preview(client, customer=stranger.id, subscription=subscription.id)
