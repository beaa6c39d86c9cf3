"""Deliveries to webhook endpoints."""

import json
from typing import Any

import pytest
import stripe

from tests.sandbox.build import running_subscription
from tests.support.stripe.receiver import Receiver
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

QUICK = [0.02, 0.02, 0.02]


def register(client: stripe.StripeClient, receiver: Receiver, *events: str) -> stripe.WebhookEndpoint:
    params: Any = {"url": receiver.url, "enabled_events": list(events) or ["*"], "api_version": "2026-10-28.endive"}
    return client.v1.webhook_endpoints.create(params=params)


def opened(client: stripe.StripeClient, receiver: Receiver, secret: str | None) -> list[stripe.Event]:
    """The received events, each verified by the SDK."""
    assert secret is not None
    with receiver.arrived:
        return [client.construct_event(body, signature, secret) for body, signature in receiver.received]


def test_every_event_arrives_signed(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = register(client, receiver)
    running_subscription(client)
    sandbox.wait_for_deliveries()
    arrived = {event.id for event in opened(client, receiver, endpoint.secret)}
    assert arrived == {event.id for event in client.v1.events.list(params={"limit": 100}).data}
    assert client.v1.events.list(params={"delivery_success": False}).data == []


def test_events_arrive_in_no_promised_order(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = register(client, receiver, "product.created")
    made = [client.v1.products.create(params={"name": str(number)}).id for number in range(30)]
    sandbox.wait_for_deliveries()
    arrived = [event.data.object["id"] for event in opened(client, receiver, endpoint.secret)]
    assert sorted(arrived) == sorted(made)
    assert arrived != made


def test_only_asked_for_events_are_sent(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = register(client, receiver, "customer.created", "invoice.paid")
    running_subscription(client)
    sandbox.wait_for_deliveries()
    types = {event.type for event in opened(client, receiver, endpoint.secret)}
    assert types == {"customer.created", "invoice.paid"}


@pytest.mark.parametrize("status", [500, 404, 301])
def test_a_refused_delivery_comes_again_with_the_same_event_and_a_fresh_signature(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver, status: int
) -> None:
    sandbox.control("delivery", retry_schedule=QUICK)
    receiver.statuses = [status, status]
    endpoint = register(client, receiver)
    client.v1.products.create(params={"name": "x"})
    receiver.wait_for(3)
    sandbox.wait_for_deliveries()
    events = opened(client, receiver, endpoint.secret)
    assert len({event.id for event in events}) == 1
    assert sandbox.control("delivery")["attempts"] == 3


def test_an_endpoint_that_never_takes_an_event_fails_it(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    sandbox.control("delivery", retry_schedule=QUICK)
    receiver.statuses = [500] * 10
    register(client, receiver)
    client.v1.products.create(params={"name": "x"})
    sandbox.wait_for_deliveries()
    assert len(receiver.received) == 1 + len(QUICK)
    pending = client.v1.events.list(params={"delivery_success": False}).data
    assert [event.pending_webhooks for event in pending] == [1]


def test_a_disabled_or_deleted_endpoint_gets_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = register(client, receiver)
    client.v1.webhook_endpoints.update(endpoint.id, params={"disabled": True})
    client.v1.products.create(params={"name": "while disabled"})
    client.v1.webhook_endpoints.update(endpoint.id, params={"disabled": False})
    sandbox.control("delivery", paused=True)
    client.v1.products.create(params={"name": "before it is deleted"})
    client.v1.webhook_endpoints.delete(endpoint.id)
    sandbox.control("delivery", paused=False)
    sandbox.wait_for_deliveries()
    assert receiver.received == []


def test_modes_have_endpoints_of_their_own(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    live = sandbox.client(account.live_key)
    endpoint = register(live, receiver)
    client.v1.products.create(params={"name": "test"})
    live.v1.products.create(params={"name": "live"})
    sandbox.wait_for_deliveries()
    assert [event.livemode for event in opened(live, receiver, endpoint.secret)] == [True]


def test_dropped_events_stay_undelivered(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    sandbox.control("delivery", drop_rate=1.0)
    register(client, receiver)
    client.v1.products.create(params={"name": "lost"})
    sandbox.wait_for_deliveries()
    assert receiver.received == []
    assert len(client.v1.events.list(params={"delivery_success": False}).data) == 1


def test_duplicated_events_come_twice(sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver) -> None:
    sandbox.control("delivery", duplicate_rate=1.0)
    endpoint = register(client, receiver)
    client.v1.products.create(params={"name": "twice"})
    sandbox.wait_for_deliveries()
    events = opened(client, receiver, endpoint.secret)
    assert len(events) == 2
    assert len({event.id for event in events}) == 1


def test_payloads_never_carry_what_must_be_expanded(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, receiver: Receiver
) -> None:
    register(client, receiver)
    sandbox.control("samples", account=account.id, mode="test", name="catalog")
    sandbox.wait_for_deliveries()
    payloads = [json.loads(body)["data"]["object"] for body, _ in receiver.received]
    tiered = [payload for payload in payloads if payload.get("billing_scheme") == "tiered"]
    assert len(tiered) == 2
    assert all("tiers" not in payload and "currency_options" not in payload for payload in tiered)


def test_nothing_leaves_this_machine(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.control("delivery", retry_schedule=[])
    params: Any = {"url": "https://portal.example/hook", "enabled_events": ["*"]}
    client.v1.webhook_endpoints.create(params=params)
    client.v1.products.create(params={"name": "x"})
    sandbox.wait_for_deliveries()
    assert sandbox.control("delivery")["failed"] == 1
