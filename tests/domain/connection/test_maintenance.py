"""A check tells how the connection stands and repairs what needs nobody's decision."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.app import create_app
from billingportal.db import db, transaction
from billingportal.domain.connection import maintenance
from billingportal.domain.connection.webhook_registration import LABEL
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import connection as connection_jobs
from billingportal.models import ProcessorAccount, WebhookEndpoint
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from billingportal.stripe_gateway.gateway import API_VERSION
from tests.support.stripe import events
from tests.support.stripe.worlds import World

RIGHTS = (
    "webhook_endpoints",
    "event_destinations",
    "products",
    "prices",
    "customers",
    "subscriptions",
    "invoices",
    "billing_meters",
    "checkout_sessions",
    "customer_portal",
    "subscription_schedules",
    "refunds",
)
READ = (
    "balance:read",
    "events:read",
    "disputes:read",
    "test_clocks:read",
    "payment_methods:read",
    "invoice_payments:read",
)
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def preflight(world: World) -> list[tuple[str, str]]:
    lines = cast(list[JsonObject], world.row().preflight)
    return [(str(line["kind"]), str(line["words"])) for line in lines]


def test_the_first_check_registers_the_webhook(world: World) -> None:
    world.connect()
    assert world.row().is_verifying
    world.work()

    row, endpoint = world.row(), world.endpoint()
    (at_stripe,) = world.endpoints_at_stripe()
    assert (row.key_state, row.is_verifying, row.check_problem) == ("working", False, None)
    assert (endpoint.state, endpoint.problem, endpoint.registrations) == ("registered", None, 1)
    assert at_stripe["id"] == endpoint.stripe_webhook_endpoint_id
    assert at_stripe["url"] == endpoint.url == f"http://127.0.0.1:9/webhooks/stripe/{endpoint.token}"
    assert sorted(at_stripe["enabled_events"]) == list(DELIVERED_EVENTS)
    assert at_stripe["api_version"] == API_VERSION
    assert at_stripe["metadata"] == {LABEL: endpoint.token}
    assert world.secret() == at_stripe["secret"]
    assert row.next_check_at is not None
    assert row.next_check_at > clock.now() + timedelta(minutes=4)


def test_a_check_that_finds_all_well_changes_nothing_at_stripe(world: World) -> None:
    world.connect()
    world.work()
    before = world.endpoints_at_stripe()
    audited = world.audited()
    world.forget_asked()
    world.check()

    assert world.endpoints_at_stripe() == before
    assert world.audited() == audited
    assert all(one.startswith("GET") for one in world.asked())


def test_an_endpoint_deleted_at_stripe_is_registered_again_and_nothing_is_lost(world: World) -> None:
    world.connect()
    world.work()
    old_secret = world.secret()
    world.delete_endpoint()
    shop = world.shop()
    shop.open()
    world.check()
    world.work()

    endpoint = world.endpoint()
    assert len(world.endpoints_at_stripe()) == 1
    assert world.secret() == world.endpoints_at_stripe()[0]["secret"] != old_secret
    assert endpoint.previous_secret_sealed is not None
    assert world.portal.vault.open_(endpoint.previous_secret_sealed) == old_secret
    assert endpoint.previous_secret_ends_at is not None
    assert endpoint.previous_secret_ends_at > clock.now() + timedelta(days=3)
    assert world.audited()[-1] == "The webhook endpoint was gone from Stripe; registered it again."
    world.assert_in_step()

    message = events.event("customer.created", events.customer())
    assert [world.deliver(message, old_secret), world.deliver(message)] == [200, 200]


@one_database
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"disabled": True}, "The webhook endpoint was disabled in Stripe; switched it on again."),
        ({"url": "http://127.0.0.1:9/elsewhere"}, "The webhook address was http://127.0.0.1:9/elsewhere; set it to"),
        ({"enabled_events": ["product.created"]}, "The event list of the webhook was out of date"),
    ],
)
def test_an_endpoint_changed_at_stripe_is_set_right(world: World, change: dict[str, object], words: str) -> None:
    world.connect()
    world.work()
    before = world.endpoints_at_stripe()
    world.change_endpoint(**change)
    world.shop().open()
    world.check()
    world.work()

    assert [one | {"enabled_events": sorted(one["enabled_events"])} for one in world.endpoints_at_stripe()] == [
        one | {"enabled_events": sorted(one["enabled_events"])} for one in before
    ]
    assert words in world.audited()[-1]
    assert world.endpoint().registrations == 1
    world.assert_in_step()


@one_database
def test_an_endpoint_of_another_api_version_is_made_anew(world: World) -> None:
    world.connect()
    world.work()
    store = world.sandbox.server.world.accounts[world.stripe_account.id].stores["test"]
    old = store.objects["webhook_endpoint"][str(world.endpoint().stripe_webhook_endpoint_id)]
    old["api_version"] = "2024-06-20"
    world.check()

    (new,) = world.endpoints_at_stripe()
    assert (new["api_version"], new["id"] != old["id"]) == (API_VERSION, True)
    assert world.audited()[-1] == f"The webhook spoke another API version; it speaks {API_VERSION} now."


@one_database
def test_an_endpoint_whose_secret_is_lost_is_replaced(world: World) -> None:
    """As when the portal ended between Stripe's answer and our commit."""
    world.connect()
    world.work()
    (lost,) = world.endpoints_at_stripe()
    with transaction() as session:
        session.scalars(select(WebhookEndpoint)).one().secret_sealed = None
    world.check()

    (kept,) = world.endpoints_at_stripe()
    assert kept["id"] != lost["id"]
    assert world.secret() == kept["secret"]


@one_database
def test_a_stale_endpoint_of_ours_is_removed_and_a_foreign_one_is_named_and_left(world: World) -> None:
    endpoints = world.sandbox.client(world.stripe_account.test_key).v1.webhook_endpoints
    here = "http://127.0.0.1:9/webhooks/stripe"
    stale = endpoints.create(
        params={"url": f"{here}/old", "enabled_events": ["product.created"], "metadata": {LABEL: "old"}}
    )
    foreign = endpoints.create(params={"url": f"{here}/by-hand", "enabled_events": ["product.created"]})
    elsewhere = endpoints.create(params={"url": "http://127.0.0.1:9/crm", "enabled_events": ["product.created"]})
    world.connect()
    world.work()

    ids = {one["id"] for one in world.endpoints_at_stripe()}
    assert ids == {foreign.id, elsewhere.id, world.endpoint().stripe_webhook_endpoint_id}
    assert f"Removed an old webhook endpoint of ours, {stale.id}." in world.audited()
    assert ("ok", "4 of 16 webhook endpoints used") in preflight(world)
    assert [words for kind, words in preflight(world) if kind == "warn"] == ["Another endpoint points at this address"]


@one_database
def test_a_duplicate_of_ours_is_removed_wherever_its_address_leads(world: World) -> None:
    world.connect()
    world.work()
    endpoints = world.sandbox.client(world.stripe_account.test_key).v1.webhook_endpoints
    labels = {LABEL: world.endpoint().token}
    duplicate = endpoints.create(
        params={"url": "http://127.0.0.1:9/moved", "enabled_events": ["product.created"], "metadata": labels}
    )
    world.check()
    assert [one["id"] for one in world.endpoints_at_stripe()] == [world.endpoint().stripe_webhook_endpoint_id]
    assert f"Removed an old webhook endpoint of ours, {duplicate.id}." in world.audited()


@one_database
def test_with_sixteen_endpoints_the_words_say_which_to_delete_and_a_retry_registers(world: World) -> None:
    endpoints = world.sandbox.client(world.stripe_account.test_key).v1.webhook_endpoints
    made = [
        endpoints.create(params={"url": f"http://127.0.0.1:9/{number:02}", "enabled_events": ["product.created"]}).id
        for number in range(16)
    ]
    endpoints.update(made[7], params={"disabled": True})
    world.connect()
    world.work()

    endpoint = world.endpoint()
    assert (world.row().state, endpoint.state) == ("connected", "full")
    assert "All 16 webhook endpoints of this Stripe account are taken." in str(endpoint.problem)
    assert "http://127.0.0.1:9/07 is disabled." in str(endpoint.problem)
    assert endpoint.secret_sealed is None
    endpoints.delete(made[7])
    world.check()
    assert (world.endpoint().state, world.endpoint().problem) == ("registered", None)


@one_database
@pytest.mark.parametrize("missing", RIGHTS)
def test_a_restricted_key_is_told_each_right_that_it_lacks(world: World, missing: str) -> None:
    rights = [f"{right}:write" for right in RIGHTS if right != missing]
    world.connect(world.restricted_key(*READ, *rights))
    world.work()

    name = missing.replace("_", " ").title()
    assert [words for kind, words in preflight(world) if kind == "bad"] == [f"Right missing: {name}, Write"]
    assert world.endpoint().state == ("refused" if missing == "webhook_endpoints" else "registered")


@one_database
def test_a_restricted_key_that_may_only_read_webhooks_says_so(world: World) -> None:
    rights = [f"{right}:read" for right in RIGHTS]
    world.connect(world.restricted_key(*READ, *rights))
    world.work()

    assert (world.row().key_state, world.endpoint().state) == ("working", "refused")
    assert "The key may not register webhooks." in str(world.endpoint().problem)


@one_database
def test_a_restricted_key_with_all_rights_is_as_good_as_a_secret_key(world: World) -> None:
    rights = [f"{right}:write" for right in RIGHTS]
    world.shop().open()
    world.connect(world.restricted_key(*READ, "account:read", *rights))
    world.work()

    assert ("ok", "Restricted key has all rights") in preflight(world)
    world.assert_in_step()


@pytest.mark.parametrize(("how", "state"), [("expire", "expired"), ("revoke", "rejected"), ("roll", "expired")])
@one_database
def test_a_dead_key_is_told_and_a_new_one_of_the_account_goes_on_with_the_same_endpoint(
    world: World, how: str, state: str
) -> None:
    world.connect()
    world.work()
    before = world.endpoints_at_stripe()
    world.sandbox.control(f"keys/{how}", key=world.stripe_account.test_key)
    world.check()
    assert (world.row().key_state, world.row().state, world.endpoint().state) == (state, "connected", "registered")
    assert world.row().key_problem is not None
    assert world.stripe_account.test_key not in str(world.row().key_problem)

    made = world.sandbox.control("keys", account=world.stripe_account.id, mode="test", kind="secret", rights=[])
    world.connect(made["key"])
    world.work()
    assert (world.row().key_state, world.row().key_problem) == ("working", None)
    assert world.endpoints_at_stripe() == before
    assert world.audited()[-1].startswith("Replaced the key of Harbor Dental in test mode, key ending in ")


@one_database
def test_a_key_that_the_vault_no_longer_opens_asks_for_it_again(world: World) -> None:
    world.connect()
    world.work()
    with transaction() as session:
        session.scalars(select(ProcessorAccount)).one().key_sealed = "sealed with a key that is gone"
    world.check()

    assert world.row().key_state == "unreadable"
    assert "Paste the secret key again." in str(world.row().key_problem)


@one_database
@pytest.mark.parametrize("kind", ["429", "500", "drop", "malformed"])
def test_trouble_at_stripe_during_a_check_keeps_what_was_known(world: World, kind: str) -> None:
    world.connect()
    world.work()
    world.sandbox.control("faults", kind=kind)
    world.check()

    row = world.row()
    assert (row.key_state, world.endpoint().state, row.is_verifying) == ("working", "registered", False)
    assert str(row.check_problem).startswith("Stripe did not answer as expected: ")
    assert row.next_check_at is not None
    assert row.next_check_at < clock.now() + timedelta(minutes=1)
    world.sandbox.control("faults", verb="DELETE")
    world.check()
    assert world.row().check_problem is None


@one_database
@pytest.mark.parametrize("kind", ["429", "500", "drop"])
def test_an_endpoint_whose_registration_failed_on_the_way_is_registered_once(world: World, kind: str) -> None:
    """Its answer may be lost though Stripe made the endpoint: the next check finds and replaces it."""
    world.connect()
    world.sandbox.control("faults", kind=kind, method="POST", path_prefix="/v1/webhook_endpoints", applied=True)
    world.work()
    assert world.endpoint().secret_sealed is None
    world.sandbox.control("faults", verb="DELETE")
    world.check()

    assert world.endpoint().state == "registered"
    assert [one["secret"] for one in world.endpoints_at_stripe()] == [world.secret()]


@one_database
def test_without_a_public_address_nothing_is_registered(world: World) -> None:
    app = create_app(replace(world.portal.settings, public_url=None))
    world.connect()
    with app.app_context():
        connection_jobs.check_accounts(current_portal())
        db.engine.dispose()

    assert world.endpoint().state == "unreachable"
    assert world.endpoints_at_stripe() == []


def test_two_workers_at_once_register_one_endpoint(world: World) -> None:
    world.connect()
    account_id = world.row().id

    def check(_: int) -> None:
        with world.app.app_context():
            portal = current_portal()
            maintenance.tend(transaction, portal.open_gateway, portal.vault, portal.settings, account_id)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(check, range(4)))
    world.check()

    assert [one["id"] for one in world.endpoints_at_stripe()] == [world.endpoint().stripe_webhook_endpoint_id]
    assert world.secret() == world.endpoints_at_stripe()[0]["secret"]


def test_a_due_check_is_taken_by_one_worker(world: World) -> None:
    world.connect()

    assert len(maintenance.claim_due(transaction)) == 1
    assert maintenance.claim_due(transaction) == []


def test_test_and_live_mode_stand_side_by_side(world: World) -> None:
    world.connect()
    world.connect(world.stripe_account.live_key)
    world.work()

    assert (world.row("test").key_state, world.row("live").key_state) == ("working", "working")
    assert len(world.endpoints_at_stripe("test")) == len(world.endpoints_at_stripe("live")) == 1
    tokens = {row.endpoint.token for row in (world.row("test"), world.row("live")) if row.endpoint}
    assert len(tokens) == 2
