"""Subscriptions and invoices at Stripe become messages to the host platform: once each, whatever the order."""

from itertools import permutations

import pytest
from sqlalchemy import delete, select

from billingportal.db import transaction
from billingportal.models import ClientCustomer, OutgoingDelivery, OutgoingMessage
from billingportal.plain_json import JsonObject, read
from tests.support.people.clients import link_customer, new_client
from tests.support.stripe import events
from tests.support.stripe.worlds import World
from tests.support.usage.host_platform import add_endpoint

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
TYPES = ("subscription.changed", "invoice.paid", "invoice.payment_failed")


@pytest.fixture
def client_id(world: World) -> int:
    world.connect()
    world.work()
    world.read_events()
    return new_client(external_id="4711")


def told(world: World) -> list[tuple[str, JsonObject]]:
    rows = world.session.execute(
        select(OutgoingMessage.type, OutgoingMessage.body)
        .where(OutgoingMessage.type.in_(TYPES))
        .order_by(OutgoingMessage.id)
    )
    return [(type_, data_of(body)) for type_, body in rows]


def data_of(body: str) -> JsonObject:
    document = read(body)
    assert isinstance(document, dict)
    data = document["data"]
    assert isinstance(data, dict)
    return data


def subscribe(world: World, client_id: int, card: str = "pm_card_visa") -> tuple[str, str]:
    """A customer of the client with a subscription at Stripe; the ids of both."""
    sdk = world.sandbox.client(world.stripe_account.test_key).v1
    params = {"name": "Harbor", "payment_method": card, "invoice_settings": {"default_payment_method": card}}
    customer = sdk.customers.create(params=params).id  # type: ignore[arg-type]
    link_customer(client_id, world.row().id, customer)
    product = sdk.products.create(params={"name": "Pro"}).id
    price = sdk.prices.create(
        params={"product": product, "currency": "usd", "unit_amount": 9900, "recurring": {"interval": "month"}}
    ).id
    subscription = sdk.subscriptions.create(
        params={"customer": customer, "items": [{"price": price}], "payment_behavior": "allow_incomplete"}
    ).id
    return customer, subscription


def test_a_subscription_and_its_invoice_are_told_once(world: World, client_id: int) -> None:
    add_endpoint("https://chat.example.com/hooks")
    _, subscription = subscribe(world, client_id)
    world.read_events()
    world.read_events()
    found = told(world)
    assert [type_ for type_, _ in found].count("invoice.paid") == 1
    paid = next(data for type_, data in found if type_ == "invoice.paid")
    assert (paid["client"], paid["external_id"], paid["subscription"]) == (f"cl_{client_id}", "4711", subscription)
    assert (paid["amount_paid_minor"], paid["currency"], paid["status"]) == (9900, "usd", "paid")
    changed = [data for type_, data in found if type_ == "subscription.changed"]
    assert changed[-1]["status"] == "active"
    assert changed[-1]["items"]

    sdk = world.sandbox.client(world.stripe_account.test_key).v1
    sdk.subscriptions.update(subscription, params={"metadata": {"colour": "blue"}})
    world.read_events()
    assert told(world) == found
    sdk.subscriptions.update(subscription, params={"cancel_at_period_end": True})
    world.read_events()
    assert [(type_, data["cancel_at_period_end"]) for type_, data in told(world)[len(found) :]] == [
        ("subscription.changed", True)
    ]
    sdk.subscriptions.cancel(subscription)
    world.read_events()
    assert told(world)[-1][1]["status"] == "canceled"


def test_a_failed_payment_is_told_once_by_its_event(world: World, client_id: int) -> None:
    add_endpoint("https://chat.example.com/hooks")
    subscribe(world, client_id, "pm_card_chargeCustomerFail")
    world.read_events()
    world.read_events()
    failed = [data for type_, data in told(world) if type_ == "invoice.payment_failed"]
    assert [(one["status"], one["amount_remaining_minor"]) for one in failed] == [("open", 9900)]


@ONE_DATABASE
def test_a_customer_without_a_client_is_nobody_to_tell_of(world: World, client_id: int) -> None:
    add_endpoint("https://chat.example.com/hooks")
    subscribe(world, client_id)
    with transaction() as session:
        session.execute(delete(ClientCustomer))
    world.read_events()
    assert told(world) == []


@ONE_DATABASE
def test_without_an_address_nothing_is_written(world: World, client_id: int) -> None:
    subscribe(world, client_id)
    world.read_events()
    assert world.session.scalars(select(OutgoingMessage.id)).all() == []
    assert world.session.scalars(select(OutgoingDelivery.id)).all() == []


@ONE_DATABASE
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whatever_the_order_of_deliveries_a_payment_is_told_once(
    world: World, client_id: int, order: tuple[int, ...]
) -> None:
    """Finalized, failed and paid, each a second after the one before, delivered in any order and twice."""
    add_endpoint("https://chat.example.com/hooks")
    link_customer(client_id, world.row().id, "cus_1")
    base = sample_invoice(world)
    steps = [
        ("invoice.finalized", {"status": "open", "attempt_count": 0}),
        ("invoice.payment_failed", {"status": "open", "attempt_count": 1}),
        ("invoice.paid", {"status": "paid", "attempt_count": 1, "amount_paid": 9900, "amount_remaining": 0}),
    ]
    messages = [
        events.event(type_, {**base, **changes}, created=events.NOON + second)  # type: ignore[dict-item]
        for second, (type_, changes) in enumerate(steps)
    ]
    for position in (*order, *order):
        assert world.deliver(messages[position]) == 200
    types = [type_ for type_, _ in told(world)]
    assert types.count("invoice.paid") == 1
    # A failure that is known only after the payment is over.
    assert types.count("invoice.payment_failed") == (1 if order.index(1) < order.index(2) else 0)


def sample_invoice(world: World) -> JsonObject:
    """An invoice's payload in the shape that Stripe sends, of our own customer."""
    made = world.sandbox.control("samples", account=world.stripe_account.id, mode="test", name="subscription")
    assert made is not None
    found = world.sandbox.objects(world.stripe_account.id, "test", "invoice")
    return {**found[-1], "id": "in_ours", "customer": "cus_1", "created": events.NOON}
