"""Events that could not prove their place are settled by asking Stripe how things stand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.sync import reconciliation
from billingportal.jobs import sync as sync_jobs
from billingportal.models import StripeEvent
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import StripeProblem
from tests.support.stripe import events
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


UNREADABLE = "UnreadableObject: What Stripe sent is not as expected: balance is not a whole number."


@pytest.fixture
def world(world: World) -> World:
    """Connected, with nothing at Stripe."""
    world.connect()
    world.work()
    return world


def receive(world: World, message: JsonObject) -> None:
    assert world.deliver(message) == 200


def new_customer(world: World, name: str = "Amber") -> JsonObject:
    """A customer at Stripe, as events show it."""
    client = world.sandbox.client(world.stripe_account.test_key)
    made = client.v1.customers.create(params={"name": name})
    shown: JsonObject = made.to_dict(for_json=True)
    return shown


def foreign(type_: str, inside: JsonObject) -> JsonObject:
    """An event that always has to be asked about."""
    return events.event(type_, inside, api_version="2019-02-11")


def make_due(edit: Callable[[StripeEvent], None] | None = None) -> None:
    with transaction() as session:
        for event in session.scalars(select(StripeEvent)):
            if event.next_attempt_at is not None:
                event.next_attempt_at = clock.now() - timedelta(seconds=1)
            if edit is not None:
                edit(event)


def test_one_answer_settles_all_waiting_events_of_an_object(world: World) -> None:
    customer = new_customer(world)
    for name in ("Old", "Older", "Oldest"):
        receive(world, foreign("customer.updated", {**customer, "name": name}))
    world.forget_asked()
    sync_jobs.reconcile_events(world.portal)

    assert world.asked() == [f"GET /v1/customers/{customer['id']}"]
    assert [(event.state, event.attempts, event.next_attempt_at) for event in world.events()] == [
        ("applied", 2, None)
    ] * 3
    assert world.events()[-1].changes["name"] == [None, "Amber"]
    world.assert_in_step()


def test_a_failed_event_is_tried_again_by_the_job_with_a_growing_pause(world: World) -> None:
    customer = new_customer(world)
    receive(world, events.event("customer.updated", {**customer, "balance": "much"}, previous={}))
    (event,) = world.events()
    assert (event.state, event.attempts) == ("failed", 1)
    sync_jobs.reconcile_events(world.portal)
    assert world.events()[0].state == "failed"

    make_due()
    sync_jobs.reconcile_events(world.portal)
    (event,) = world.events()
    assert (event.state, event.attempts, event.error, event.next_attempt_at) == ("applied", 2, None, None)
    world.assert_in_step()


@one_database
def test_an_object_that_cannot_be_read_fails_again_and_waits_longer(world: World) -> None:
    customer = new_customer(world)
    stored = world.sandbox.server.world.accounts[world.stripe_account.id].stores["test"].objects["customer"]
    stored[str(customer["id"])]["balance"] = "much"
    receive(world, foreign("customer.updated", customer))
    pauses = []
    for _ in range(4):
        make_due()
        sync_jobs.reconcile_events(world.portal)
        (event,) = world.events()
        assert (event.state, event.error) == (
            "failed",
            UNREADABLE,
        )
        assert event.next_attempt_at is not None
        pauses.append(event.next_attempt_at - event.attempted_at)
    assert [pause.total_seconds() for pause in pauses] == [30, 120, 600, 3600]


@one_database
def test_while_stripe_is_away_events_wait_and_say_why(world: World) -> None:
    for name in ("One", "Two"):
        receive(world, foreign("customer.updated", new_customer(world, name)))
    world.sandbox.control("faults", kind="429")
    sync_jobs.reconcile_events(world.portal)

    for event in world.events():
        assert event.state == "pending"
        assert str(event.error).startswith("Stripe could not be asked: ")
        assert event.next_attempt_at is not None
        assert event.next_attempt_at > clock.now()
    world.sandbox.control("faults", verb="DELETE")
    make_due()
    sync_jobs.reconcile_events(world.portal)
    assert [(event.state, event.error) for event in world.events()] == [("applied", None)] * 2


@one_database
def test_a_right_that_the_key_lacks_holds_up_its_own_kind_only(world: World) -> None:
    product = world.sandbox.client(world.stripe_account.test_key).v1.products.create(params={"name": "Amber"})
    receive(world, foreign("product.created", product.to_dict(for_json=True)))
    receive(world, foreign("customer.created", new_customer(world)))
    gateway = world.portal.open_gateway(world.restricted_key("balance:read", "customers:read"))
    reconciliation.reconcile_due(transaction, gateway, world.row().id)

    assert [event.state for event in world.events()] == ["failed", "applied"]
    assert str(world.events()[0].error).startswith("RightMissing: ")


def test_what_is_gone_at_stripe_is_marked_gone(world: World) -> None:
    customer = new_customer(world)
    receive(world, foreign("customer.created", customer))
    sync_jobs.reconcile_events(world.portal)
    world.sandbox.client(world.stripe_account.test_key).v1.customers.delete(str(customer["id"]))
    receive(world, foreign("customer.deleted", customer))
    sync_jobs.reconcile_events(world.portal)

    assert world.events()[-1].changes == {"deleted": [False, True]}
    world.assert_in_step()


def test_what_is_gone_before_it_was_known_leaves_no_row_whatever_comes_late(world: World) -> None:
    client = world.sandbox.client(world.stripe_account.test_key)
    product: JsonObject = client.v1.products.create(params={"name": "Short-lived"}).to_dict(for_json=True)
    client.v1.products.delete(str(product["id"]))
    receive(world, foreign("product.deleted", product))
    sync_jobs.reconcile_events(world.portal)
    receive(world, events.event("product.created", product))
    sync_jobs.reconcile_events(world.portal)

    assert [event.state for event in world.events()] == ["applied", "applied"]
    world.assert_in_step()


def test_events_that_a_dead_worker_had_taken_are_taken_up_again(world: World) -> None:
    receive(world, foreign("customer.created", new_customer(world)))
    account_id = world.row().id
    with transaction() as session:
        assert len(reconciliation.claim_events(session, account_id, clock.now())) == 1
    with transaction() as session:
        assert reconciliation.claim_events(session, account_id, clock.now()) == []
    with transaction() as session:
        assert len(reconciliation.claim_events(session, account_id, clock.now() + timedelta(seconds=31))) == 1


@one_database
def test_a_dead_key_stops_settling_and_has_the_account_checked(world: World) -> None:
    receive(world, foreign("customer.created", new_customer(world)))
    world.sandbox.control("keys/revoke", key=world.stripe_account.test_key)
    with pytest.raises(StripeProblem):
        reconciliation.reconcile_due(
            transaction, world.portal.open_gateway(world.stripe_account.test_key), world.row().id
        )
    make_due()
    sync_jobs.reconcile_events(world.portal)

    assert world.row().is_verifying
    world.work()
    assert world.row().key_state == "rejected"
    make_due()
    world.forget_asked()
    sync_jobs.reconcile_events(world.portal)
    assert world.asked() == []
    assert [event.state for event in world.events()] == ["pending"]
