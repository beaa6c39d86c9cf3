"""Identifiers of meter events: a repeated one is refused, for a day."""

import time

import pytest
import stripe

from tests.sandbox.billing.metering.build import DAY, lately, new_meter, report
from tests.sandbox.clocks import START, advance, customer_on, new_clock
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def meter(client: stripe.StripeClient) -> str:
    return new_meter(client).id


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return client.v1.customers.create(params={}).id


def refusal(client: stripe.StripeClient, customer: str, key: str | None = None) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        report(client, customer, 5, key=key, identifier="i-1")
    return refused.value


def test_a_repeated_identifier_is_refused_with_stripes_words(
    client: stripe.StripeClient, meter: str, customer: str
) -> None:
    report(client, customer, 5, identifier="i-1")
    for key, replayed in (("key-2", None), ("key-2", "true")):
        error = refusal(client, customer, key)
        assert error.user_message == "An event already exists with identifier i-1."
        assert (error.http_status, error.param, error.code) == (400, "identifier", None)
        assert error.error is not None
        assert error.error.type == "invalid_request_error"
        assert error.headers is not None
        assert error.headers["stripe-should-retry"] == "false"
        assert error.headers.get("idempotent-replayed") == replayed
    assert lately(client, meter, customer, int(time.time())) == 5


def test_a_day_later_an_identifier_is_forgotten_and_counts_twice(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    report(client, customer, 5, key="i-1", identifier="i-1")
    sandbox.control("metering/age", account=account.id, mode="test", seconds=DAY - 60)
    refusal(client, customer)
    sandbox.control("metering/age", account=account.id, mode="test", seconds=61)
    report(client, customer, 5, key="i-1", identifier="i-1")
    assert lately(client, meter, customer, int(time.time())) == 10
    refusal(client, customer)


def test_on_a_test_clock_the_day_is_the_clocks(client: stripe.StripeClient, meter: str) -> None:
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    report(client, customer, 5, identifier="i-1")
    advance(client, clock, START + DAY - 1)
    refusal(client, customer)
    advance(client, clock, START + DAY)
    report(client, customer, 5, identifier="i-1")
    assert lately(client, meter, customer, START) == 10
