"""Findings about the webhook and the event destination."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.models import EventDestination, WebhookEndpoint
from tests.domain.health.provoked.row import Deed, Provoked
from tests.support.health.checks import check_account
from tests.support.stripe import events
from tests.support.stripe.worlds import World

HERE = "http://127.0.0.1:9"
Patch = pytest.MonkeyPatch


def at_stripe(kind: str) -> Callable[[Callable[[World, dict[str, object]], None]], Deed]:
    """A deed that changes the registered object of a kind in Stripe's store."""

    def decorate(change: Callable[[World, dict[str, object]], None]) -> Deed:
        def deed(world: World, _: Patch) -> None:
            store = world.sandbox.server.world.accounts[world.stripe_account.id].stores["test"]
            ours = world.endpoint() if kind == "webhook_endpoint" else world.destination()
            change(world, store.objects[kind][str(ours.stripe_id)])
            check_account(world)

        return deed

    return decorate


def changing(kind: str, **values: object) -> Deed:
    @at_stripe(kind)
    def change(_: World, stored: dict[str, object]) -> None:
        stored.update(values)

    return change


def delete_webhook(world: World, _: Patch) -> None:
    world.delete_endpoint()
    check_account(world)


def delete_destination(world: World, _: Patch) -> None:
    client = world.sandbox.client(world.stripe_account.test_key)
    client.v2.core.event_destinations.delete(str(world.destination().stripe_event_destination_id))
    check_account(world)


def add_endpoints(path: str, count: int, world: World, _: Patch) -> None:
    endpoints = world.sandbox.client(world.stripe_account.test_key).v1.webhook_endpoints
    for number in range(count):
        endpoints.create(params={"url": f"{HERE}{path}{number}", "enabled_events": ["product.created"]})
    check_account(world)


def remove_endpoints(world: World, _: Patch) -> None:
    endpoints = world.sandbox.client(world.stripe_account.test_key).v1.webhook_endpoints
    ours = world.endpoint().stripe_webhook_endpoint_id
    for one in world.endpoints_at_stripe():
        if one["id"] != ours:
            endpoints.delete(one["id"])
    check_account(world)


def destinations(world: World) -> list[str]:
    return [str(one["id"]) for one in world.destinations_at_stripe()]


def add_destination(labels: dict[str, str], world: World, _: Patch) -> None:
    client = world.sandbox.client(world.stripe_account.test_key)
    client.v2.core.event_destinations.create(
        {
            "name": "By hand",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["v1.billing.meter.no_meter_found"],
            "webhook_endpoint": {"url": f"{HERE}/webhooks/stripe/reports/by-hand"},
            "metadata": labels,
        }
    )
    check_account(world)


def remove_destination(world: World, _: Patch) -> None:
    client = world.sandbox.client(world.stripe_account.test_key)
    for one in destinations(world):
        if one != world.destination().stripe_event_destination_id:
            client.v2.core.event_destinations.delete(one)
    check_account(world)


def sign_wrongly(path: str, world: World, _: Patch) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))
    token = world.destination().token if path else world.endpoint().token
    header = {"Stripe-Signature": events.signature(body, "whsec_of_somebody_else")}
    for _again in range(2):
        answer = world.app.test_client().post(f"/webhooks/stripe/{path}{token}", data=body, headers=header)
        assert answer.status_code == 400


def an_hour_passes(_: World, __: Patch) -> None:
    """Nothing more happens at Stripe meanwhile."""
    long_ago = now() - timedelta(hours=2)
    with transaction() as session:
        for row in (*session.scalars(select(WebhookEndpoint)), *session.scalars(select(EventDestination))):
            row.repaired = {wrong: {"at": long_ago.isoformat(), "times": 1} for wrong in row.repaired}
            row.signature_failed_at = long_ago


def repaired(key: str, provoke: Deed, title: str) -> Provoked:
    """The portal repairs it at once; it is told for a while."""
    return Provoked(key, provoke, title, "The portal repaired it at", an_hour_passes)


WEBHOOK, DESTINATION = "webhook_endpoint", "v2.core.event_destination"
ROWS = (
    repaired("webhook.missing", delete_webhook, "The webhook was gone from Stripe"),
    repaired("webhook.disabled", changing(WEBHOOK, status="disabled"), "The webhook was switched off at Stripe"),
    repaired("webhook.moved", changing(WEBHOOK, url=f"{HERE}/old"), "The webhook led to another address"),
    repaired("webhook.events", changing(WEBHOOK, enabled_events=["product.created"]), "had the wrong events"),
    repaired("webhook.version", changing(WEBHOOK, api_version="2024-06-20"), "spoke another API version"),
    Provoked(
        "webhook.duplicate",
        partial(add_endpoints, "/webhooks/stripe/by-hand", 1),
        "Another address at Stripe leads to this portal",
        "Messages for it are refused",
        remove_endpoints,
    ),
    Provoked(
        "webhook.signature",
        partial(sign_wrongly, ""),
        "The webhook got 2 messages with a wrong signature",
        "Each was refused",
        an_hour_passes,
    ),
    Provoked(
        "webhook.full",
        partial(add_endpoints, "/elsewhere/", 14),
        "All 16 webhook endpoints are in use at Stripe",
        "there is no room for a new one",
        remove_endpoints,
    ),
    repaired("destination.missing", delete_destination, "The event destination for usage errors was gone"),
    repaired("destination.disabled", changing(DESTINATION, status="disabled"), "was switched off at Stripe"),
    repaired(
        "destination.events",
        changing(DESTINATION, enabled_events=["v1.billing.meter.no_meter_found"]),
        "had the wrong events",
    ),
    repaired(
        "destination.moved",
        changing(DESTINATION, webhook_endpoint={"url": f"{HERE}/old"}),
        "led to another address",
    ),
    Provoked(
        "destination.duplicate",
        partial(add_destination, {}),
        "Another address at Stripe leads to this portal",
        "is not ours",
        remove_destination,
    ),
    Provoked(
        "destination.signature",
        partial(sign_wrongly, "reports/"),
        "The event destination for usage errors got 2 messages",
        "Each was refused",
        an_hour_passes,
    ),
)
