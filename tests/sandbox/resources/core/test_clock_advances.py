"""Advances that take time: what is refused meanwhile, how they fail, and clocks that Stripe deletes by itself."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, monthly_price, subscribe
from tests.sandbox.clocks import DAY, START, customer_on, frozen, months_after, new_clock
from tests.support.stripe.receiver import Receiver
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

LONG = 3600


@pytest.fixture
def slow(sandbox: Sandbox, account: SandboxAccount) -> dict[str, str]:
    """The sandbox's clocks take an hour to advance, unless the control API ends it; what names the mode there."""
    sandbox.control("clocks", advance_seconds=LONG)
    return {"account": account.id, "mode": "test"}


def advance(client: stripe.StripeClient, clock: str, to: int) -> stripe.test_helpers.TestClock:
    """Ask a clock to advance."""
    return client.v1.test_helpers.test_clocks.advance(clock, params={"frozen_time": to})


def test_an_advance_takes_time_and_names_its_target_meanwhile(
    sandbox: Sandbox, client: stripe.StripeClient, slow: dict[str, str]
) -> None:
    clock = new_clock(client)
    advance(client, clock, START + DAY)
    moving = client.v1.test_helpers.test_clocks.retrieve(clock)
    assert (moving.status, moving.frozen_time) == ("advancing", START)
    assert moving.status_details.advancing is not None
    assert moving.status_details.advancing.target_frozen_time == START + DAY
    assert sandbox.control("clocks/arrive", **slow) == {"test_clocks": [clock]}
    there = client.v1.test_helpers.test_clocks.retrieve(clock)
    assert (there.status, there.frozen_time) == ("ready", START + DAY)
    assert "advancing" not in there.status_details


def test_an_advance_ends_by_itself(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    sandbox.control("clocks", advance_seconds=0.2)
    client.v1.webhook_endpoints.create(
        params={"url": receiver.url, "enabled_events": ["test_helpers.test_clock.ready"]}
    )
    clock = new_clock(client)
    advance(client, clock, START + DAY)
    receiver.wait_for(1)
    assert frozen(client, clock) == START + DAY


def test_a_second_advance_is_refused_in_the_words_of_stripe(client: stripe.StripeClient, slow: dict[str, str]) -> None:
    clock = new_clock(client)
    subscribe(client, customer_on(client, clock).id, monthly_price(client).id)
    advance(client, clock, months_after(START, 2))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        advance(client, clock, months_after(START, 4))
    assert str(refused.value.user_message).startswith(
        "The frozen time of this clock is 1893456000 (2030-01-01 00:00:00 UTC). You can only advance it up to "
        "1898553600 (2030-03-01 00:00:00 UTC). You can only advance a test clock up to two intervals from the current"
    )
    assert (refused.value.http_status, refused.value.param) == (400, "frozen_time")
    with pytest.raises(stripe.RateLimitError, match="advancement underway"):
        advance(client, clock, START + DAY)


@pytest.mark.parametrize("act", ["subscribe", "card", "customer", "cancel", "delete", "use"])
def test_nothing_on_the_clock_can_be_changed_while_it_advances(
    sandbox: Sandbox, client: stripe.StripeClient, slow: dict[str, str], act: str
) -> None:
    clock, price = new_clock(client), monthly_price(client).id
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, price).id
    client.v1.billing.meters.create(
        params={"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    payload = {"stripe_customer_id": customer, "value": "1"}
    acts: dict[str, Any] = {
        "subscribe": lambda: subscribe(client, customer, price),
        "card": lambda: client.v1.payment_methods.attach("pm_card_visa", params={"customer": customer}),
        "customer": lambda: customer_on(client, clock),
        "cancel": lambda: client.v1.subscriptions.cancel(subscription),
        "delete": lambda: client.v1.test_helpers.test_clocks.delete(clock),
        "use": lambda: client.v1.billing.meter_events.create(params={"event_name": "calls", "payload": payload}),
    }
    advance(client, clock, START + DAY)
    with pytest.raises(stripe.RateLimitError) as refused:
        acts[act]()
    assert refused.value.user_message == "Test clock advancement underway - cannot perform modifications."
    assert "stripe-rate-limited-reason" not in dict(refused.value.headers or {})
    assert client.v1.subscriptions.retrieve(subscription).status == "active"
    sandbox.control("clocks/arrive", **slow)
    acts[act]()


def test_events_are_delivered_while_the_clock_advances(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver, slow: dict[str, str]
) -> None:
    client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["invoice.created"]})
    clock = new_clock(client)
    subscribe(client, customer_on(client, clock).id, monthly_price(client).id)
    advance(client, clock, months_after(START, 1))
    receiver.wait_for(2)
    assert client.v1.test_helpers.test_clocks.retrieve(clock).status == "advancing"


@pytest.mark.parametrize("when", ["before", "meanwhile", "any"])
def test_an_advance_that_fails_is_the_last_of_its_clock(
    sandbox: Sandbox, client: stripe.StripeClient, slow: dict[str, str], when: str
) -> None:
    clock = new_clock(client)
    if when == "any":
        sandbox.control("clocks", fail_next=1)
    if when == "before":
        assert sandbox.control("clocks/fail", **slow, test_clock=clock) == {"status": "ready"}
    assert advance(client, clock, START + DAY).status == "advancing"
    if when == "meanwhile":
        assert sandbox.control("clocks/fail", **slow, test_clock=clock) == {"status": "internal_failure"}
    else:
        sandbox.control("clocks/arrive", **slow)
    failed = client.v1.test_helpers.test_clocks.retrieve(clock)
    assert (failed.status, failed.frozen_time) == ("internal_failure", START)
    assert event_types(client)[-1] == "test_helpers.test_clock.internal_failure"
    with pytest.raises(stripe.InvalidRequestError, match="has failed"):
        advance(client, clock, START + 2 * DAY)
    other = new_clock(client)
    advance(client, other, START + DAY)
    sandbox.control("clocks/arrive", **slow)
    assert frozen(client, other) == START + DAY
    client.v1.test_helpers.test_clocks.delete(clock)


def test_clocks_are_deleted_after_thirty_days_with_their_customers(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    old, young = new_clock(client), new_clock(client)
    customer = customer_on(client, old).id
    subscription = subscribe(client, customer, monthly_price(client).id).id
    aged = {"account": account.id, "mode": "test", "test_clock": old}
    sandbox.control("clocks/age", **aged, seconds=29 * DAY)
    assert {one.id for one in client.v1.test_helpers.test_clocks.list()} == {old, young}
    sandbox.control("clocks/age", **aged, seconds=DAY)
    assert [one.id for one in client.v1.test_helpers.test_clocks.list()] == [young]
    assert client.v1.customers.retrieve(customer).deleted is True
    assert client.v1.subscriptions.retrieve(subscription).status == "canceled"


def test_all_clocks_are_listed_newest_first_page_by_page(client: stripe.StripeClient) -> None:
    made = [new_clock(client, START + number) for number in range(12)]
    first = client.v1.test_helpers.test_clocks.list(params={"limit": 5})
    assert ([one.id for one in first.data], first.has_more) == (made[:-6:-1], True)
    assert [one.id for one in first.auto_paging_iter()] == made[::-1]
