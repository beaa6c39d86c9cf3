"""Subscriptions: starting and listing."""

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    event_types,
    first_item,
    latest_invoice,
    monthly_price,
    paying_customer,
    running_subscription,
    subscribe,
)

DAY = 24 * 3600


def test_a_paying_customer_has_an_active_subscription_and_a_paid_invoice(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000, quantity=3)
    item, invoice = first_item(subscription), latest_invoice(client, subscription)
    assert (subscription.status, subscription.billing_mode.type) == ("active", "flexible")
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 3000, 3000)
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == subscription.id
    line = invoice.lines.data[0]
    assert (line.amount, line.quantity, line.period.end) == (3000, 3, item.current_period_end)


def test_starting_makes_the_events_that_stripe_sends(client: stripe.StripeClient) -> None:
    running_subscription(client)
    started = {
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    }
    assert started <= set(event_types(client))


def test_without_a_card_nothing_starts_unless_told_to_wait(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        subscribe(client, customer.id, price.id)
    assert client.v1.subscriptions.list(params={"status": "all"}).data == []
    waiting = subscribe(client, customer.id, price.id, payment_behavior="default_incomplete")
    assert (waiting.status, latest_invoice(client, waiting).status) == ("incomplete", "open")


def test_a_failing_card_leaves_it_incomplete_or_makes_nothing(client: stripe.StripeClient) -> None:
    customer, price = paying_customer(client, "pm_card_chargeCustomerFail"), monthly_price(client)
    with pytest.raises(stripe.CardError):
        subscribe(client, customer.id, price.id, payment_behavior="error_if_incomplete")
    assert client.v1.subscriptions.list(params={"status": "all"}).data == []
    incomplete = subscribe(client, customer.id, price.id)
    assert incomplete.status == "incomplete"
    assert "invoice.payment_failed" in event_types(client)
    invoice = client.v1.invoices.pay(str(incomplete.latest_invoice), params={"payment_method": "pm_card_visa"})
    assert invoice.status == "paid"
    assert client.v1.subscriptions.retrieve(incomplete.id).status == "active"


def test_a_sent_invoice_waits_while_the_subscription_runs(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    with pytest.raises(stripe.InvalidRequestError, match="days_until_due"):
        subscribe(client, customer.id, price.id, collection_method="send_invoice")
    subscription = subscribe(client, customer.id, price.id, collection_method="send_invoice", days_until_due=7)
    invoice = latest_invoice(client, subscription)
    assert (subscription.status, invoice.status) == ("active", "open")
    assert invoice.due_date == invoice.created + 7 * DAY


def test_a_trial_starts_with_an_invoice_of_nothing(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    subscription = subscribe(client, customer.id, price.id, trial_period_days=14)
    assert (subscription.status, latest_invoice(client, subscription).total) == ("trialing", 0)
    assert first_item(subscription).current_period_end == subscription.trial_end
    ended = change(client, subscription, trial_end="now", default_payment_method="pm_card_visa")
    assert ended.status == "active"
    assert latest_invoice(client, ended).total == 1000


def test_metered_prices_start_at_nothing_and_take_no_quantity(client: stripe.StripeClient) -> None:
    meter = client.v1.billing.meters.create(
        params={"display_name": "x", "event_name": "x", "default_aggregation": {"formula": "sum"}}
    )
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    price, customer = monthly_price(client, recurring=recurring), client.v1.customers.create(params={})
    with pytest.raises(stripe.InvalidRequestError, match="quantity"):
        subscribe(client, customer.id, "", items=[{"price": price.id, "quantity": 2}])
    subscription = subscribe(client, customer.id, price.id)
    assert subscription.status == "active"
    assert first_item(subscription).quantity is None


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([], "Missing required param: items"),
        ([{"price": "price_gone"}], "No such price"),
        ([{"quantity": 1}], "exactly one of"),
    ],
)
def test_items_that_make_no_sense_are_refused(
    client: stripe.StripeClient, items: list[dict[str, object]], words: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words):
        subscribe(client, paying_customer(client).id, "", items=items)


def test_prices_must_be_active_recurring_and_of_one_currency(client: stripe.StripeClient) -> None:
    customer, price, euro = paying_customer(client).id, monthly_price(client), monthly_price(client, currency="eur")
    once = client.v1.prices.create(params={"currency": "usd", "unit_amount": 1, "product_data": {"name": "x"}})
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        subscribe(client, customer, once.id)
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        subscribe(client, customer, "", items=[{"price": price.id}, {"price": euro.id}])
    with pytest.raises(stripe.InvalidRequestError, match="same plan"):
        subscribe(client, customer, "", items=[{"price": price.id}, {"price": price.id}])
    subscribe(client, customer, price.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        subscribe(client, customer, euro.id)
    client.v1.prices.update(price.id, params={"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        subscribe(client, customer, price.id)


def test_lists_hide_the_canceled_until_asked(client: stripe.StripeClient) -> None:
    running, ended = running_subscription(client), running_subscription(client)
    client.v1.subscriptions.cancel(ended.id)

    def listed(**params: Any) -> list[str]:
        given: Any = params
        return [subscription.id for subscription in client.v1.subscriptions.list(params=given).data]

    assert listed() == [running.id]
    assert listed(status="all") == [ended.id, running.id]
    assert listed(status="canceled") == listed(status="ended") == [ended.id]
    assert listed(customer=running.customer) == [running.id]
    assert listed(price=first_item(running).price.id) == [running.id]
    assert listed(current_period_end={"gt": int(time.time()) + 40 * DAY}) == []


def test_graduated_items_have_a_line_for_each_tier(client: stripe.StripeClient) -> None:
    tiers: Any = [{"up_to": 5, "unit_amount": 500, "flat_amount": 1000}, {"up_to": "inf", "unit_amount": 400}]
    scheme: Any = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers, "unit_amount": None}
    price = monthly_price(client, **scheme)
    customer = paying_customer(client)
    subscription = subscribe(client, customer.id, "", items=[{"price": price.id, "quantity": 7}])
    lines = latest_invoice(client, subscription).lines.data
    assert [line.amount for line in lines] == [2500, 1000, 800]


def test_a_refused_start_leaves_nothing_behind(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    token = "pm_card_chargeCustomerFail"
    with pytest.raises(stripe.CardError):
        subscribe(client, customer.id, price.id, default_payment_method=token, payment_behavior="error_if_incomplete")
    assert client.v1.payment_methods.list(params={"customer": customer.id}).data == []
    assert client.v1.subscriptions.list(params={"status": "all"}).data == []
