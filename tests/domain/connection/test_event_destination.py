"""A check registers the event destination for usage errors, and repairs what needs nobody's decision."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.app import create_app
from billingportal.db import db, transaction
from billingportal.domain.connection import disconnection, maintenance
from billingportal.domain.connection.event_destination import DESTINATION, REPORTS
from billingportal.jobs import connection as connection_jobs
from billingportal.models import EventDestination, WebhookEndpoint
from billingportal.portal import current_portal
from billingportal.vault import Vault
from tests.domain.connection.test_maintenance import READ, RIGHTS, preflight
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
HERE = "http://127.0.0.1:9/webhooks/stripe/reports"
LOST = Vault(("a key that was lost, and that is long enough",))
Act = Callable[[World], object]


def client(world: World) -> Any:
    return world.sandbox.client(world.stripe_account.test_key).v2.core.event_destinations


def add(world: World, url: str, **labels: str) -> str:
    """A destination that somebody makes by hand."""
    made = client(world).create(
        {
            "name": "By hand",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": list(REPORTS),
            "webhook_endpoint": {"url": url},
            "metadata": labels,
        }
    )
    return str(made.id)


def secret(world: World) -> str:
    sealed = world.destination().secret_sealed
    assert sealed is not None
    return world.portal.vault.open_(sealed)


def seal_with_another_key(world: World) -> None:
    with transaction() as session:
        rows = (session.scalars(select(EventDestination)).one(), session.scalars(select(WebhookEndpoint)).one())
        for row in rows:
            row.secret_sealed = LOST.seal("whsec_lost")
            row.previous_secret_sealed = LOST.seal("whsec_lost_before")
            row.previous_secret_ends_at = clock.now() + timedelta(days=1)


def lose_secret(world: World) -> None:
    with transaction() as session:
        session.scalars(select(EventDestination)).one().secret_sealed = None


def stripe_id(world: World) -> str:
    return str(world.destination().stripe_event_destination_id)


REPAIRS: dict[str, tuple[Act, str]] = {
    "deleted": (
        lambda world: client(world).delete(stripe_id(world)),
        "The event destination for usage errors was gone from Stripe; registered it again.",
    ),
    "disabled": (
        lambda world: client(world).disable(stripe_id(world)),
        "The event destination for usage errors was disabled in Stripe; switched it on again.",
    ),
    "address changed": (
        lambda world: client(world).update(stripe_id(world), {"webhook_endpoint": {"url": f"{HERE}/elsewhere"}}),
        f"The event destination address was {HERE}/elsewhere; set it to {HERE}/",
    ),
    "events cut": (
        lambda world: client(world).update(stripe_id(world), {"enabled_events": [REPORTS[0]]}),
        "The event list of the event destination was out of date; brought it up to date.",
    ),
    "secret lost": (
        lose_secret,
        "The signing secret of the event destination for usage errors was lost; registered it again.",
    ),
    "sealed with a lost key": (
        seal_with_another_key,
        "The signing secret of the event destination for usage errors was lost; registered it again.",
    ),
}


def test_the_first_check_registers_it_with_an_address_of_its_own(world: World) -> None:
    world.connect()
    world.work()
    row, (at_stripe,) = world.destination(), world.destinations_at_stripe()
    assert (row.state, row.problem, row.registrations, row.repair) == ("registered", None, 1, None)
    assert at_stripe["id"] == row.stripe_event_destination_id
    assert at_stripe["webhook_endpoint"] == {"url": f"{HERE}/{row.token}", "signing_secret": secret(world)}
    assert row.url == f"{HERE}/{row.token}"
    assert row.token != world.endpoint().token
    assert (at_stripe["enabled_events"], at_stripe["event_payload"]) == (list(REPORTS), "thin")
    assert at_stripe["metadata"] == {DESTINATION.label: row.token}
    assert ("ok", "2 of 16 webhook endpoints used") in preflight(world)


@pytest.mark.parametrize("name", REPAIRS)
def test_it_is_repaired_by_itself_and_the_words_say_why(world: World, name: str) -> None:
    break_it, words = REPAIRS[name]
    world.connect()
    world.work()
    break_it(world)
    world.check()
    row, (at_stripe,) = world.destination(), world.destinations_at_stripe()
    assert (row.state, row.problem, at_stripe["status"]) == ("registered", None, "enabled")
    assert at_stripe["webhook_endpoint"] == {"url": f"{HERE}/{row.token}", "signing_secret": secret(world)}
    assert sorted(at_stripe["enabled_events"]) == sorted(REPORTS)
    assert [one for one in world.audited() if one.startswith(words)]
    assert row.repair is not None
    assert row.repair.startswith(words)
    assert row.repaired_at is not None

    audited = world.audited()
    world.check()
    assert world.audited() == audited


@one_database
def test_a_webhook_whose_secret_no_key_opens_is_registered_again_too(world: World) -> None:
    world.connect()
    world.work()
    seal_with_another_key(world)
    world.check()
    (at_stripe,) = world.endpoints_at_stripe()
    assert world.secret() == at_stripe["secret"]
    assert "The signing secret of the webhook endpoint was lost; registered it again." in world.audited()
    for row in (world.endpoint(), world.destination()):
        assert row.previous_secret_sealed is None


def test_the_previous_secret_is_kept_for_four_days(world: World) -> None:
    world.connect()
    world.work()
    before = secret(world)
    client(world).delete(stripe_id(world))
    world.check()
    row = world.destination()
    assert row.previous_secret_sealed is not None
    assert row.previous_secret_ends_at is not None
    assert world.portal.vault.open_(row.previous_secret_sealed) == before != secret(world)
    assert row.previous_secret_ends_at > clock.now() + timedelta(days=3)


@one_database
def test_a_stale_one_of_ours_is_removed_and_foreign_ones_are_left(world: World) -> None:
    stale = add(world, f"{HERE}/old", **{DESTINATION.label: "old"})
    foreign, elsewhere = add(world, f"{HERE}/by-hand"), add(world, "http://127.0.0.1:9/crm")
    world.connect()
    world.work()
    assert {one["id"] for one in world.destinations_at_stripe()} == {foreign, elsewhere, stripe_id(world)}
    assert f"Removed an old event destination for usage errors of ours, {stale}." in world.audited()
    assert [words for kind, words in preflight(world) if kind == "warn"] == ["Another endpoint points at this address"]
    assert ("ok", "4 of 16 webhook endpoints used") in preflight(world)


@one_database
def test_with_sixteen_taken_the_webhook_has_the_last_place_and_reports_are_read(world: World) -> None:
    made = [add(world, f"http://127.0.0.1:9/{number:02}") for number in range(15)]
    client(world).disable(made[7])
    world.connect()
    world.work()
    row = world.destination()
    assert (world.endpoint().state, row.state, row.secret_sealed) == ("registered", "reading", None)
    assert "All 16 webhook endpoints of this Stripe account are taken." in str(row.problem)
    assert "http://127.0.0.1:9/07 is disabled." in str(row.problem)
    client(world).delete(made[7])
    world.check()
    assert (world.destination().state, world.destination().problem) == ("registered", None)


@one_database
@pytest.mark.parametrize(("level", "verb"), [(None, "read or register"), ("read", "register")])
def test_a_key_without_the_right_reads_the_reports_and_says_why(world: World, level: str | None, verb: str) -> None:
    rights = [f"{right}:write" for right in RIGHTS if right != "event_destinations"]
    world.connect(world.restricted_key(*READ, *rights, *([f"event_destinations:{level}"] if level else [])))
    world.work()
    row = world.destination()
    assert (row.state, world.endpoint().state) == ("reading", "registered")
    assert str(row.problem).startswith(f"The key may not {verb} event destinations.")
    missing = [words for kind, words in preflight(world) if kind == "bad"]
    assert missing == ([] if level else ["Right missing: Event Destinations, Write"])


@one_database
def test_without_a_public_address_reports_are_read(world: World) -> None:
    app = create_app(replace(world.portal.settings, public_url=None))
    world.connect()
    with app.app_context():
        connection_jobs.check_accounts(current_portal())
        db.engine.dispose()
    row = world.destination()
    assert (row.state, world.destinations_at_stripe()) == ("reading", [])
    assert row.problem == "Stripe cannot reach this portal, so the reports are fetched instead."


@one_database
@pytest.mark.parametrize("kind", ["429", "500", "drop", "malformed"])
def test_trouble_with_version_two_alone_does_not_end_the_check(world: World, kind: str) -> None:
    world.connect()
    world.work()
    world.delete_endpoint()
    world.sandbox.control("faults", kind=kind, path_prefix="/v2/")
    world.check()
    row = world.row()
    assert (world.endpoint().state, world.destination().state) == ("registered", "registered")
    assert len(world.endpoints_at_stripe()) == 1
    assert str(row.check_problem).startswith("Stripe did not answer as expected: ")
    assert row.next_check_at is not None
    assert row.next_check_at < clock.now() + timedelta(minutes=1)
    world.sandbox.control("faults", verb="DELETE")
    world.check()
    assert world.row().check_problem is None


@one_database
@pytest.mark.parametrize("kind", ["429", "500", "drop"])
def test_one_whose_registration_failed_on_the_way_is_registered_once(world: World, kind: str) -> None:
    world.connect()
    world.sandbox.control("faults", kind=kind, method="POST", path_prefix="/v2/core/event_d", applied=True)
    world.work()
    assert world.destination().secret_sealed is None
    world.sandbox.control("faults", verb="DELETE")
    world.check()
    (at_stripe,) = world.destinations_at_stripe()
    assert at_stripe["webhook_endpoint"]["signing_secret"] == secret(world)


def test_two_workers_at_once_register_one(world: World) -> None:
    world.connect()
    account_id = world.row().id

    def check(_: int) -> None:
        with world.app.app_context():
            portal = current_portal()
            maintenance.tend(transaction, portal.open_gateway, portal.vault, portal.settings, account_id)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(check, range(4)))
    world.check()
    assert [one["id"] for one in world.destinations_at_stripe()] == [stripe_id(world)]


def test_disconnecting_removes_it_and_keeps_how_far_reports_were_read(world: World) -> None:
    world.connect()
    world.work()
    portal = world.portal
    token, read_up_to = world.destination().token, world.destination().read_up_to
    disconnection.disconnect(transaction, portal.open_gateway, portal.vault, "test", staff_id=None)
    row = world.destination()
    assert (world.destinations_at_stripe(), world.endpoints_at_stripe()) == ([], [])
    assert (row.state, row.secret_sealed, row.stripe_event_destination_id, row.next_read_at) == ("waiting", *[None] * 3)
    assert (row.token, row.read_up_to) == (token, read_up_to)
    world.connect()
    world.work()
    assert (world.destination().token, world.destination().state) == (token, "registered")
