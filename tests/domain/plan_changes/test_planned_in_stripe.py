"""A change that was planned in Stripe's dashboard: shown to client and staff, and dropped where they change
or cancel."""

import pytest
from sqlalchemy import select

from billingportal.db import db, transaction
from billingportal.domain.plan_changes import cancellations, withdrawal
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.models import AuditEntry, Client
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import new_clock
from tests.support.people.clients import Subscribed, connection
from tests.support.people.plan_changes import look, move
from tests.support.people.stores import Store, open_store, plan_in_stripe
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def present_of(client: Subscribed) -> PresentPlan:
    session = db.session()
    session.rollback()
    found = present_plan(session, session.get_one(Client, client.client_id))
    assert found is not None
    return found


def test_it_is_known_with_its_plan_and_day(store: Store) -> None:
    client = store.subscribe(store.growth)
    plan_in_stripe(store, client, store.scale)

    planned = present_of(client).planned

    assert planned is not None
    assert planned.is_set_in_stripe
    assert planned.words.startswith("the move to Scale on ")
    assert planned.words.endswith(", set in Stripe")


def test_our_own_is_not_said_to_be_set_in_stripe(store: Store) -> None:
    client = store.subscribe(store.growth)
    move(client.client_id, store.starter)

    planned = present_of(client).planned

    assert planned is not None
    assert (planned.plan_name, planned.is_set_in_stripe) == ("Starter", False)


def test_another_change_says_that_it_goes_and_drops_it(store: Store) -> None:
    client = store.subscribe(store.growth)
    schedule = plan_in_stripe(store, client, store.scale)

    shown = look(client.client_id, store.starter)
    assert shown.replaces is not None
    assert shown.replaces.plan_name == "Scale"
    _, made = move(client.client_id, store.starter)

    assert made.state == "scheduled"
    assert store.sdk.v1.subscription_schedules.retrieve(schedule).status == "released"
    words = db.session().scalars(select(AuditEntry.summary)).all()
    assert "Dropped the change that was planned in Stripe" in words
    planned = present_of(client).planned
    assert planned is not None
    assert planned.plan_name == "Starter"


def test_cancelling_drops_it(store: Store) -> None:
    client = store.subscribe(store.growth)
    schedule = plan_in_stripe(store, client, store.scale)
    _, gateway = connection()

    cancellations.cancel(transaction, gateway, Cancelling(client.client_id))

    assert store.sdk.v1.subscription_schedules.retrieve(schedule).status == "released"
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).cancel_at is not None
    assert present_of(client).planned is None


def test_staff_drop_it_and_the_plan_stays(store: Store, owner: Staff) -> None:
    client = store.subscribe(store.growth)
    schedule = plan_in_stripe(store, client, store.scale)
    _, gateway = connection()

    assert withdrawal.withdraw_planned(transaction, gateway, client.client_id, staff_id=owner.id)

    assert store.sdk.v1.subscription_schedules.retrieve(schedule).status == "released"
    assert present_of(client).planned is None


def test_an_end_that_a_schedule_set_is_undone_with_it(store: Store) -> None:
    client = store.subscribe(store.growth, test_clock=new_clock(store.sdk))
    schedule = plan_in_stripe(store, client, None, end_behavior="cancel")
    assert present_of(client).ends_at is not None
    _, gateway = connection()

    cancellations.resume(transaction, gateway, client.client_id, staff_id=None)

    assert store.sdk.v1.subscription_schedules.retrieve(schedule).status == "released"
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).cancel_at is None
    assert present_of(client).ends_at is None
