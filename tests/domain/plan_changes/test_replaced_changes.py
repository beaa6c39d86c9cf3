"""A planned change goes only once the change that takes its place is made: declined, it stays planned."""

import pytest
import stripe

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plan_changes.steps import LOST_AFTER
from billingportal.domain.subscriptions import change_state
from billingportal.errors import Refusal
from billingportal.jobs.subscriptions import plan_changes as plan_change_jobs
from billingportal.models import PlanChange
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_card, new_clock
from tests.support.people.clients import Subscribed, connection
from tests.support.people.plan_changes import entitlement_of, move, move_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

SCALE = Selection(("month", 1), "usd", {"contacts": 10})


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def leaving_growth(store: Store) -> tuple[Subscribed, str, PlanChange]:
    """A client of Growth who moves to Starter at the end of the period."""
    test_clock = new_clock(store.sdk, int(clock.now().timestamp()))
    client = store.subscribe(store.growth, test_clock=test_clock)
    _, planned = move(client.client_id, store.starter)
    assert planned.state == "scheduled"
    return client, test_clock, planned


def open_change(client: Subscribed) -> PlanChange | None:
    db.session().rollback()
    return change_state.open_change(db.session(), client.client_id)


def running_schedules(store: Store, client: Subscribed) -> list[stripe.SubscriptionSchedule]:
    found = store.sdk.v1.subscription_schedules.list({"customer": client.customer}).data
    return [one for one in found if one.status == "active"]


def test_a_change_that_is_declined_leaves_the_planned_one(store: Store) -> None:
    client, test_clock, planned = leaving_growth(store)
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")

    _, made = move(client.client_id, store.scale, SCALE)

    assert made.state == "declined"
    again = open_change(client)
    assert again is not None
    assert (again.state, again.to_plan_id, again.takes_effect_at) == (
        "scheduled",
        store.starter,
        planned.takes_effect_at,
    )
    assert len(running_schedules(store, client)) == 1

    new_card(store.sdk, client.customer, "pm_card_visa")
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 31 * DAY + 2 * HOUR)
    store.refresh(client, test_clock)
    assert entitlement_of(client.client_id).plan_id == store.starter
    assert store.invoices(client)[0].amount_paid == 1900
    assert move_of(again.id).state == "done"


def test_a_change_that_is_made_takes_its_place(store: Store) -> None:
    client, _, planned = leaving_growth(store)

    _, made = move(client.client_id, store.scale, SCALE)

    assert (made.state, move_of(planned.id).state) == ("done", "canceled")
    assert open_change(client) is None
    assert running_schedules(store, client) == []


def test_a_change_that_is_never_paid_lets_the_planned_one_come_back(store: Store) -> None:
    client, _, planned = leaving_growth(store)
    new_card(store.sdk, client.customer, "pm_card_authenticationRequired")
    _, made = move(client.client_id, store.scale, SCALE)
    assert made.state == "waiting"

    store.sdk.v1.invoices.void_invoice(str(made.preview["invoice"]))
    store.refresh(client)
    assert move_of(made.id).state == "declined"
    again = open_change(client)
    assert again is not None
    assert (again.state, again.to_plan_id) == ("intended", store.starter)

    with transaction() as session:
        session.get_one(PlanChange, again.id).created_at -= 2 * LOST_AFTER
    plan_change_jobs.finish_plan_changes(current_portal())
    assert (move_of(again.id).state, move_of(again.id).takes_effect_at) == ("scheduled", planned.takes_effect_at)
    assert len(running_schedules(store, client)) == 1


def test_a_cancellation_that_is_refused_leaves_the_planned_change(store: Store) -> None:
    client, _, planned = leaving_growth(store)
    _, gateway = connection()
    with pytest.raises(Refusal, match="without paying"):
        cancellations.cancel(transaction, gateway, Cancelling(client.client_id, base_plan_id=store.starter))

    again = open_change(client)
    assert again is not None
    assert (again.state, again.takes_effect_at) == ("scheduled", planned.takes_effect_at)
    assert len(running_schedules(store, client)) == 1
