"""Cancelling against the sandbox: when it ends, what is billed, and what the client has afterwards."""

from dataclasses import replace
from typing import Any

import pytest

from billingportal.db import db, transaction
from billingportal.domain.plan_changes import cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.errors import Conflict, Refusal
from billingportal.models import Cancellation, Client, Plan
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.requests.subscriptions import Subscriptions
from tests.sandbox.clocks import advance, frozen, new_clock
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import Subscribed, connection, plan_of
from tests.support.people.plan_changes import MONTHLY, confirm, entitlement_of, look
from tests.support.people.stores import YEAR, Store, open_store
from tests.support.stripe.worlds import World

DAY = 24 * 3600


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def cancel(
    client: Subscribed, *, at_once: bool = False, is_prorated: bool = False, base_plan_id: int | None = None
) -> None:
    _, gateway = connection()
    wanted = Cancelling(client.client_id, at_once, reason="unused", is_prorated=is_prorated, base_plan_id=base_plan_id)
    if at_once:
        charge = cancellations.last_charge(transaction, gateway, client.client_id, is_prorated=is_prorated)
        wanted = replace(wanted, shown=charge.shown)
    cancellations.cancel(transaction, gateway, wanted)


def test_a_double_click_is_one_cancellation(store: Store) -> None:
    client = store.subscribe(store.starter)

    cancel(client)
    cancel(client)

    assert db.session().query(Cancellation).count() == 1


def resume_at_stripe(store: Store, client: Subscribed) -> None:
    """In Stripe's dashboard, or here before the portal could store Stripe's answer."""
    _, gateway = connection()
    row = store.sdk.v1.subscriptions.retrieve(client.subscription)
    gateway.subscriptions.keep(
        client.subscription, is_at_period_end=row.cancel_at_period_end, idempotency_key=f"resumed-{client.subscription}"
    )
    store.refresh(client)


@pytest.mark.parametrize("resumes_here_too", [False, True])
def test_what_was_resumed_outside_the_portal_is_cancelled_anew(store: Store, *, resumes_here_too: bool) -> None:
    client = store.subscribe(store.starter)
    _, gateway = connection()
    cancel(client)
    resume_at_stripe(store, client)
    assert entitlement_of(client.client_id).standing == "active"
    if resumes_here_too:
        cancellations.resume(transaction, gateway, client.client_id, staff_id=None)

    cancel(client)

    row = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert row.cancel_at_period_end or row.cancel_at
    assert entitlement_of(client.client_id).standing == "canceling"


def test_nobody_is_told_of_an_end_that_stripe_does_not_know(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    client = store.subscribe(store.starter)
    taken = Subscriptions.cancel_at

    def resumed_meanwhile(gateway: Subscriptions, *given: Any) -> None:
        taken(gateway, *given)
        gateway.keep(client.subscription, is_at_period_end=True, idempotency_key="meanwhile")

    monkeypatch.setattr(Subscriptions, "cancel_at", resumed_meanwhile)
    with pytest.raises(Conflict, match="the subscription renews"):
        cancel(client)
    assert entitlement_of(client.client_id).standing == "active"


def test_after_the_end_the_default_plan_holds(store: Store, owner: Staff) -> None:
    free = new_plan(owner.id, "Free", is_active=True, quotas={store.contacts: Limit(10)})
    with transaction() as session:
        session.query(Plan).update({Plan.is_default: False})
        session.get_one(Plan, free).is_default = True
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.starter, test_clock=test_clock)

    cancel(client)
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 33 * DAY)
    store.refresh(client, test_clock)

    held = entitlement_of(client.client_id)
    assert (held.plan_id, held.source, held.standing) == (free, "base", "ended")


def test_a_free_plan_comes_after_what_is_paid_for(store: Store, owner: Staff) -> None:
    free = new_plan(owner.id, "Free", is_active=True)
    client = store.subscribe(store.starter)

    shown = look(client.client_id, free, MONTHLY)
    assert shown.ends_subscription
    with pytest.raises(Refusal, match="Cancel the subscription to move to it"):
        confirm(client.client_id, shown)
    cancel(client, base_plan_id=free)

    assert entitlement_of(client.client_id).standing == "canceling"
    assert entitlement_of(client.client_id).plan_id == store.starter
    assert db.session().get_one(Client, client.client_id).base_plan_id == free


def test_a_plan_with_a_price_is_never_what_comes_after_a_cancellation(store: Store) -> None:
    client = store.subscribe(store.starter)

    with pytest.raises(Refusal, match="without paying for it"):
        cancel(client, base_plan_id=store.growth)

    assert db.session().get_one(Client, client.client_id).base_plan_id is None


def test_no_change_of_plan_while_the_end_is_planned(store: Store) -> None:
    client = store.subscribe(store.starter)
    cancel(client)

    with pytest.raises(Refusal, match="Resume it first"):
        look(client.client_id, store.growth)


def test_what_was_paid_ahead_comes_back_as_credit(store: Store) -> None:
    client = store.subscribe(store.starter)

    cancel(client, at_once=True, is_prorated=True)

    assert store.invoices(client)[0].total < 0


def test_a_year_that_is_paid_for_is_not_cut_to_the_month_of_its_use(store: Store, owner: Staff) -> None:
    goods = Catalog(store.sdk)
    links = [
        Link(goods.price(unit_amount=90000, recurring=YEAR), "flat"),
        Link(goods.metered(goods.meter("sent"), unit_amount=1), "usage", store.contacts),
    ]
    plan = plan_of(owner.id, store.app, links, "Yearly")
    client = store.subscribe(plan)

    cancel(client)

    at_stripe = store.sdk.v1.subscriptions.retrieve(client.subscription)
    ends = {item.price.id: item.current_period_end for item in at_stripe["items"].data}
    assert at_stripe.cancel_at == max(ends.values()) > min(ends.values())


def test_without_a_subscription_there_is_nothing_to_cancel(store: Store) -> None:
    client = store.subscribe(store.starter)
    cancel(client, at_once=True)

    with pytest.raises(Refusal, match="no subscription"):
        cancel(client, at_once=True)
