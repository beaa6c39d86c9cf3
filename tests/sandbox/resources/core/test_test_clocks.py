"""Test clocks: who lives by them, where they may be set, and what lists show of them."""

import time

import pytest
import stripe

from tests.sandbox.build import event_types, monthly_price, paying_customer, subscribe
from tests.sandbox.clocks import DAY, START, advance, customer_on, frozen, months_after, new_clock, renewed_at
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def test_a_clock_stands_at_its_time_until_it_is_advanced(client: stripe.StripeClient) -> None:
    clocks = client.v1.test_helpers.test_clocks
    made = clocks.create(params={"frozen_time": START, "name": "renewals"})
    assert (made.frozen_time, made.name, made.status, made.livemode) == (START, "renewals", "ready", False)
    assert abs(made.created - time.time()) < 60
    assert made.deletes_after == made.created + 30 * DAY
    moving = clocks.advance(made.id, params={"frozen_time": START + DAY})
    assert moving.status == "advancing"
    assert moving.frozen_time == START
    assert moving.status_details.advancing is not None
    assert moving.status_details.advancing.target_frozen_time == START + DAY
    there = clocks.retrieve(made.id)
    assert (there.status, there.frozen_time) == ("ready", START + DAY)
    assert event_types(client) == [f"test_helpers.test_clock.{name}" for name in ("created", "advancing", "ready")]


def test_what_a_customer_on_a_clock_has_is_dated_by_the_clock_and_told_in_real_time(
    client: stripe.StripeClient,
) -> None:
    clock = new_clock(client)
    customer = customer_on(client, clock)
    assert (customer.created, customer.test_clock) == (START, clock)
    subscription = subscribe(client, customer.id, monthly_price(client).id)
    assert (subscription.created, subscription.test_clock, subscription.status) == (START, clock, "active")
    assert renewed_at(subscription) == months_after(START, 1)
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (invoice.created, invoice.test_clock, invoice.status_transitions.paid_at) == (START, clock, START)
    assert all(abs(event.created - time.time()) < 60 for event in client.v1.events.list().data)


def test_clocks_go_forward_only_and_at_most_two_intervals_of_the_shortest_subscription(
    client: stripe.StripeClient,
) -> None:
    clocks = client.v1.test_helpers.test_clocks
    clock = new_clock(client)
    for wrong in (START, START - 1, months_after(START, 24) + 1):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            clocks.advance(clock, params={"frozen_time": wrong})
        assert refused.value.param == "frozen_time"
    customer = customer_on(client, clock).id
    subscribe(client, customer, monthly_price(client, recurring={"interval": "year"}).id)
    subscribe(client, customer, monthly_price(client).id)
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        clocks.advance(clock, params={"frozen_time": months_after(START, 2) + 1})
    clocks.advance(clock, params={"frozen_time": months_after(START, 2)})


def test_three_customers_fit_on_a_clock_unless_the_limit_is_widened(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    clock = new_clock(client)
    for _ in range(3):
        customer_on(client, clock)
    with pytest.raises(stripe.InvalidRequestError, match="more than 3 customers"):
        customer_on(client, clock)
    sandbox.control("clocks", customers_per_clock=4)
    customer_on(client, clock)


def test_each_of_them_has_at_most_three_subscriptions(client: stripe.StripeClient) -> None:
    customer = customer_on(client, new_clock(client)).id
    for _ in range(3):
        subscribe(client, customer, monthly_price(client).id)
    with pytest.raises(stripe.InvalidRequestError, match="more than 3 subscriptions"):
        subscribe(client, customer, monthly_price(client).id)


def test_lists_hide_what_lives_by_a_clock_unless_asked_for_it(client: stripe.StripeClient) -> None:
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, monthly_price(client).id).id
    assert client.v1.customers.list().data == []
    assert [one.id for one in client.v1.customers.list(params={"test_clock": clock})] == [customer]
    assert client.v1.subscriptions.list().data == []
    assert [one.id for one in client.v1.subscriptions.list(params={"test_clock": clock})] == [subscription]
    assert [one.id for one in client.v1.subscriptions.list(params={"customer": customer})] == [subscription]
    assert client.v1.invoices.list().data == []
    assert len(client.v1.invoices.list(params={"customer": customer}).data) == 1
    assert len(client.v1.invoices.list(params={"subscription": subscription}).data) == 1


def test_an_existing_customer_joins_a_clock_for_good(client: stripe.StripeClient) -> None:
    customer = paying_customer(client)
    subscription = subscribe(client, customer.id, monthly_price(client).id)
    clocks = client.v1.test_helpers.test_clocks
    clock = clocks.create(params={"frozen_time": int(time.time()), "customer": customer.id})
    assert client.v1.customers.retrieve(customer.id).test_clock == clock.id
    assert client.v1.subscriptions.retrieve(subscription.id).test_clock == clock.id
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        clocks.create(params={"frozen_time": int(time.time()), "customer": customer.id})


def test_deleting_a_clock_deletes_its_customers_and_ends_their_subscriptions(client: stripe.StripeClient) -> None:
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, monthly_price(client).id).id
    gone = client.v1.test_helpers.test_clocks.delete(clock)
    assert gone.deleted is True
    assert client.v1.customers.retrieve(customer).deleted is True
    ended = client.v1.subscriptions.retrieve(subscription)
    assert (ended.status, ended.ended_at) == ("canceled", START)
    assert client.v1.test_helpers.test_clocks.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.test_helpers.test_clocks.retrieve(clock)


def test_usage_is_reported_in_the_time_of_the_clock(client: stripe.StripeClient) -> None:
    client.v1.billing.meters.create(
        params={"display_name": "Messages", "event_name": "messages", "default_aggregation": {"formula": "sum"}}
    )
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    payload = {"stripe_customer_id": customer, "value": "3"}
    made = client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
    assert (made.created, made.timestamp) == (START, START)
    today = int(time.time())
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload, "timestamp": today})


def test_there_are_no_clocks_in_live_mode(sandbox: Sandbox, account: SandboxAccount) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="test mode"):
        new_clock(sandbox.client(account.live_key))


def test_a_clock_is_advanced_in_steps_of_a_month(client: stripe.StripeClient) -> None:
    clock = new_clock(client)
    subscribe(client, customer_on(client, clock).id, monthly_price(client).id)
    advance(client, clock, months_after(START, 5))
    assert client.v1.test_helpers.test_clocks.retrieve(clock).frozen_time == months_after(START, 5)


def test_time_passes_on_command_for_a_customer_who_had_no_clock(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    customer = paying_customer(client)
    subscription = subscribe(client, customer.id, monthly_price(client).id)
    given = {"account": account.id, "mode": "test", "customer": customer.id}
    sandbox.control("time", **given, seconds=100 * DAY)
    renewed = client.v1.subscriptions.retrieve(subscription.id)
    assert renewed_at(renewed) > renewed_at(subscription) + 60 * DAY
    moved = sandbox.control("time", **given, seconds=DAY)
    assert moved["test_clocks"] == {str(renewed.test_clock): frozen(client, str(renewed.test_clock))}


def test_and_for_everyone_each_on_a_clock_of_their_own(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    customers = [paying_customer(client).id for _ in range(2)]
    sandbox.control("time", account=account.id, mode="test", seconds=DAY)
    assert len({client.v1.customers.retrieve(one).test_clock for one in customers}) == 2
