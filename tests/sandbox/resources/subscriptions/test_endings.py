"""Subscriptions: ending, now and later."""

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    first_item,
    latest_invoice,
    metered_price,
    monthly_price,
    paying_customer,
    running_subscription,
    subscribe,
)


def test_two_ways_to_end_at_the_end_of_the_period(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    end = first_item(subscription).current_period_end
    by_flag = change(client, subscription, cancel_at_period_end=True)
    assert (by_flag.cancel_at, by_flag.cancel_at_period_end) == (end, True)
    undone = change(client, subscription, cancel_at_period_end=False)
    assert (undone.cancel_at, undone.canceled_at) == (None, None)
    by_time = change(client, subscription, cancel_at="min_period_end")
    assert (by_time.cancel_at, by_time.cancel_at_period_end) == (end, False)
    assert change(client, subscription, cancel_at="").cancel_at is None
    events = client.v1.events.list(params={"type": "customer.subscription.updated"}).data[::-1]
    previous = [event.to_dict()["data"]["previous_attributes"] for event in events]
    none, now = {"reason": None}, {"reason": "cancellation_requested"}
    assert [{key: one.get(key, "same") for key in ("cancel_at", "cancel_at_period_end")} for one in previous] == [
        {"cancel_at": None, "cancel_at_period_end": False},
        {"cancel_at": end, "cancel_at_period_end": True},
        {"cancel_at": None, "cancel_at_period_end": "same"},
        {"cancel_at": end, "cancel_at_period_end": "same"},
    ]
    assert [one["cancellation_details"] for one in previous] == [none, now, none, now]
    assert previous[0]["canceled_at"] is None


def test_canceling_now_ends_it_for_good(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    params: Any = {"cancellation_details": {"feedback": "too_expensive", "comment": "Bye"}}
    ended = client.v1.subscriptions.cancel(subscription.id, params=params)
    assert (ended.status, ended.ended_at) == ("canceled", ended.canceled_at)
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.feedback == "too_expensive"
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        client.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="only update its cancellation_details and metadata"):
        change(client, subscription, cancel_at_period_end=True)
    assert change(client, subscription, metadata={"a": "1"}).metadata["a"] == "1"


def test_prorating_at_the_end_credits_the_balance(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True, "prorate": True})
    assert client.v1.customers.retrieve(str(subscription.customer)).balance == -1000
    invoice = latest_invoice(client, subscription)
    assert (invoice.total, invoice.amount_due, invoice.status) == (-1000, 0, "paid")


def test_usage_is_billed_at_the_end_only_when_an_invoice_is_asked_for(client: stripe.StripeClient) -> None:
    customer, used, flat = paying_customer(client), metered_price(client, 20), monthly_price(client)
    items: Any = [{"price": flat.id}, {"price": used.id}]
    first, second = (subscribe(client, customer.id, "", items=items) for _ in range(2))
    earlier = first_item(first).current_period_start - 60
    for moment, value in [(earlier, "500"), (int(time.time()), "30")]:
        payload = {"stripe_customer_id": customer.id, "value": value}
        params: Any = {"event_name": "messages", "payload": payload, "timestamp": moment}
        client.v1.billing.meter_events.create(params=params)
    client.v1.subscriptions.cancel(first.id)
    assert latest_invoice(client, first).id == first.latest_invoice
    ended = client.v1.subscriptions.cancel(second.id, params={"invoice_now": True})
    invoice = latest_invoice(client, second)
    assert (invoice.total, invoice.status) == (600, "paid")
    line = invoice.lines.data[0]
    assert (line.amount, line.quantity, line.period.end) == (600, 30, ended.ended_at)


def test_without_usage_there_is_no_last_invoice(client: stripe.StripeClient) -> None:
    subscription = subscribe(client, paying_customer(client).id, metered_price(client).id)
    client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True, "prorate": True})
    assert client.v1.subscriptions.retrieve(subscription.id).latest_invoice is None


def test_usage_within_a_trial_is_free(client: stripe.StripeClient) -> None:
    customer, price = paying_customer(client), metered_price(client)
    subscription = subscribe(client, customer.id, price.id, trial_period_days=5)
    payload = {"stripe_customer_id": customer.id, "value": "30"}
    client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
    client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True})
    assert client.v1.subscriptions.retrieve(subscription.id).latest_invoice is None
