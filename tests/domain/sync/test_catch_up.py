"""Catch-up reads what the webhook did not bring, and says up to when all is complete."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.sync import catch_up
from billingportal.domain.sync.object_types import KINDS
from billingportal.jobs import connection as connection_jobs
from billingportal.jobs import sync as sync_jobs
from billingportal.models import CatchUp, StripeEvent, WebhookEndpoint
from billingportal.portal import current_portal
from billingportal.stripe_gateway.errors import StripeProblem
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def furnish(world: World) -> None:
    """Some of everything, archived, canceled and deleted things included."""
    world.sandbox.control("samples", account=world.stripe_account.id, mode="test", name="catalog")
    shop = world.shop(seed=3)
    shop.open()
    shop.live(25)


def change(world: World, edit: Callable[[CatchUp], None]) -> None:
    with transaction() as session:
        edit(session.scalars(select(CatchUp)).one())


def run(world: World) -> None:
    account_id = world.row().id
    gateway = world.portal.open_gateway(world.stripe_account.test_key)
    catch_up.run_pass(transaction, gateway, account_id)


def lists_of(world: World) -> list[str]:
    return [one.removeprefix("GET /v1/") for one in world.asked() if one.startswith("GET /v1/") and one.count("/") == 2]


def test_the_first_pass_walks_everything_that_stripe_holds(world: World) -> None:
    furnish(world)
    before = clock.now()
    world.connect()
    world.work()

    row = world.catch_up()
    world.assert_in_step()
    assert row.complete_up_to is not None
    assert abs(row.complete_up_to - before) < timedelta(seconds=10)
    assert row.cursor_at == row.complete_up_to
    assert (row.walk, row.page_after, row.pass_started_at, row.problem) == (None, None, None, None)


def test_a_later_pass_reads_events_and_asks_about_their_objects_only(world: World) -> None:
    furnish(world)
    world.connect()
    world.work()
    world.work()
    shop = world.shop(seed=4)
    shop.open()
    world.forget_asked()
    world.read_events()

    assert [one for one in lists_of(world) if one not in ("balance", "account")].count("events") == 1
    assert {event.source for event in world.events()} == {"catch-up"}
    assert {event.state for event in world.events()} <= {"applied", "stale"}
    world.assert_in_step()


def test_events_that_were_read_once_are_not_stored_or_asked_about_again(world: World) -> None:
    world.connect()
    world.work()
    world.shop().open()
    world.read_events()
    stored = len(world.events())
    world.forget_asked()
    world.read_events()

    assert len(world.events()) == stored
    assert lists_of(world) == ["events"]


@one_database
def test_a_listed_creation_of_a_known_object_is_not_asked_about(world: World) -> None:
    """Stripe is not asked to deliver invoice.created, so each of them is found here."""
    world.connect()
    world.work()
    world.shop().open()
    world.read_events()
    states = {event.type: event.state for event in world.events() if event.type.startswith("invoice.")}
    assert "invoice.created" in states
    with transaction() as session:
        session.execute(delete(StripeEvent).where(StripeEvent.type == "invoice.created"))
    world.forget_asked()
    world.read_events()

    assert [event.state for event in world.events() if event.type == "invoice.created"] == ["stale"]
    assert not [one for one in world.asked() if one.startswith("GET /v1/invoices/")]


def test_an_interrupted_walk_goes_on_where_it_stopped(world: World) -> None:
    furnish(world)
    world.connect()
    connection_jobs.check_accounts(world.portal)
    world.sandbox.control("faults", kind="500", path_prefix="/v1/customers")
    with pytest.raises(StripeProblem):
        run(world)
    row = world.catch_up()
    assert (row.walk, row.complete_up_to, row.attempts) == ("customers", None, 1)
    assert str(row.problem).startswith("Stripe could not be asked: ")
    assert row.next_run_at is not None
    assert row.next_run_at > clock.now()

    world.sandbox.control("faults", verb="DELETE")
    world.forget_asked()
    run(world)
    assert "products" not in lists_of(world)
    assert (world.catch_up().walk, world.catch_up().problem, world.catch_up().attempts) == (None, None, 0)
    world.assert_in_step()


@one_database
def test_a_walk_of_many_pages_goes_on_after_the_last_page(world: World) -> None:
    client = world.sandbox.client(world.stripe_account.test_key)
    for number in range(120):
        client.v1.customers.create(params={"name": f"Client {number}"})
    world.connect()
    connection_jobs.check_accounts(world.portal)
    gateway = world.portal.open_gateway(world.stripe_account.test_key)
    account_id = world.row().id
    while world.catch_up().page_after is None:
        assert not catch_up.read_page(transaction, gateway, account_id)
    assert world.catch_up().walk == "customers"
    change(world, lambda row: setattr(row, "page_after", "cus_that_is_gone"))
    run(world)

    world.assert_in_step()
    assert world.catch_up().complete_up_to is not None


@one_database
@pytest.mark.parametrize("is_under_way", [False, True])
def test_a_cursor_older_than_stripe_keeps_events_walks_again(world: World, is_under_way: bool) -> None:
    world.connect()
    world.work()
    furnish(world)
    old = clock.now() - timedelta(days=31)

    def age(row: CatchUp) -> None:
        row.cursor_at = old
        row.pass_started_at = old if is_under_way else None
        row.page_after = "evt_of_long_ago" if is_under_way else None

    change(world, age)
    world.forget_asked()
    run(world)

    assert lists_of(world)[0] == "products"
    world.assert_in_step()


@one_database
def test_what_was_deleted_while_nobody_listened_is_found_gone(world: World) -> None:
    shop = world.shop()
    shop.open()
    world.connect()
    world.work()
    lonely = shop.api.products.create(params={"name": "Short-lived"}).id
    world.read_events()
    shop.api.customers.delete(shop.customers[0])
    shop.api.products.delete(lonely)

    def forget_cursor(row: CatchUp) -> None:
        row.cursor_at = None

    change(world, forget_cursor)
    # As if time had passed since the rows were read: at once, nothing can be told from the walk's own readings.
    age_rows(world, timedelta(minutes=10))
    run(world)
    world.assert_in_step()


def age_rows(world: World, by: timedelta) -> None:
    with transaction() as session:
        for kind in KINDS.values():
            for row_id, as_of in session.execute(select(kind.table.c.id, kind.table.c.as_of)).all():
                moved: datetime = as_of - by
                session.execute(kind.table.update().where(kind.table.c.id == row_id).values(as_of=moved))


def test_two_workers_at_once_end_in_the_same_rows(world: World) -> None:
    furnish(world)
    world.connect()
    connection_jobs.check_accounts(world.portal)
    account_id = world.row().id
    key = world.stripe_account.test_key

    def work(_: int) -> None:
        with world.app.app_context():
            catch_up.run_pass(transaction, current_portal().open_gateway(key), account_id)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(work, range(2)))
    run(world)

    world.assert_in_step()
    assert world.catch_up().complete_up_to is not None


def test_a_due_pass_is_taken_by_one_worker(world: World) -> None:
    world.connect()
    connection_jobs.check_accounts(world.portal)

    assert catch_up.claim_due(transaction) == [world.row().id]
    assert catch_up.claim_due(transaction) == []


@one_database
@pytest.mark.parametrize(
    ("state", "pause"), [("registered", timedelta(minutes=2)), ("unreachable", timedelta(seconds=4))]
)
def test_without_a_webhook_a_pass_runs_every_few_seconds(world: World, state: str, pause: timedelta) -> None:
    world.connect()
    world.work()
    with transaction() as session:
        session.scalars(select(WebhookEndpoint)).one().state = state  # type: ignore[assignment]
    run(world)

    next_run_at = world.catch_up().next_run_at
    assert next_run_at is not None
    assert pause - timedelta(seconds=2) < next_run_at - clock.now() <= pause


@one_database
def test_a_key_that_dies_during_a_pass_has_the_account_checked(world: World) -> None:
    world.connect()
    world.work()
    world.sandbox.control("keys/revoke", key=world.stripe_account.test_key)
    change(world, lambda row: row.request(clock.now()))
    sync_jobs.catch_up(world.portal)

    assert world.row().is_verifying
    assert str(world.catch_up().problem).startswith("Stripe could not be asked: ")
    world.work()
    assert world.row().key_state == "rejected"
    assert catch_up.claim_due(transaction) == []
