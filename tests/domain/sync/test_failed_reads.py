"""One unreadable object, one missing right or one slow page stops nothing: the rest is read, and it is tried again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.sync import catch_up, cursor, failed_reads, reconciliation
from billingportal.jobs import sync as sync_jobs
from billingportal.models import CatchUp, FailedRead, StripeEvent
from billingportal.models.connection.failed_read import WHOLE_LIST
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.limits import Limits
from billingportal.stripe_gateway.listings import WALKS
from tests.support.stripe import events
from tests.support.stripe.shop import subscribe
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# By the type of a listed object: a field, with a value that no reader can take.
UNREADABLE: dict[str, dict[str, object]] = {
    "product": {"name": "half a pair \ud800"},
    "billing.meter": {"status": None},
    "price": {"unit_amount_decimal": "much"},
    "customer": {"balance": "much"},
    "subscription": {"status": None},
    "invoice": {"status": None},
    "invoice_payment": {"created": "yesterday"},
    "subscription_schedule": {"phases": 5},
    "refund": {"amount": 10**30},
    "dispute": {"charge": None},
}
RIGHTS = {walk.kind: walk.path.removeprefix("/v1/").replace("/", "_") for walk in WALKS.values()}


def furnish(world: World) -> None:
    """Some of everything that Stripe lists."""
    world.sandbox.control("samples", account=world.stripe_account.id, mode="test", name="catalog")
    shop = world.shop(seed=3)
    shop.open()
    shop.live(10)
    shop = world.shop(seed=4)
    shop.open()
    subscribe(shop)
    refunded, disputed = shop.api.invoice_payments.list(params={"status": "paid", "limit": 2}).data
    shop.api.refunds.create(params={"payment_intent": str(refunded.payment.payment_intent), "amount": 100})
    dispute = {"invoice": str(disputed.invoice), "status": "needs_response"}
    world.sandbox.control("disputes", account=world.stripe_account.id, mode="test", **dispute)
    shop.api.subscription_schedules.create(params={"from_subscription": shop.subscriptions[-1]})


def alter(world: World, object_id: str, shown: dict[str, object]) -> None:
    world.sandbox.control("objects/alter", account=world.stripe_account.id, mode="test", id=object_id, shown=shown)


def first_of(world: World, kind: str) -> str:
    rows: list[dict[str, Any]] = world.sandbox.objects(world.stripe_account.id, "test", kind)
    return next(str(row["id"]) for row in rows if not row.get("deleted"))


def failures(world: World) -> dict[str, str]:
    """What could not be read: the object's id by its type, WHOLE_LIST for all of it."""
    return {row.object_type: row.object_id for row in world.session.scalars(select(FailedRead))}


def gateway(world: World) -> StripeGateway:
    return world.portal.open_gateway(world.stripe_account.test_key)


def retry(world: World) -> None:
    with transaction() as session:
        failed_reads.retry_now(session, world.row().id)
    world.read_events()


def test_an_unreadable_object_of_each_list_is_noted_and_all_else_is_read(world: World) -> None:
    furnish(world)
    spoiled = {kind: first_of(world, kind) for kind in UNREADABLE}
    for kind, object_id in spoiled.items():
        alter(world, object_id, UNREADABLE[kind])
    world.connect()
    world.work()

    assert (world.catch_up().walk, world.catch_up().problem) == (None, None)
    assert world.catch_up().complete_up_to is not None
    assert failures(world) == spoiled
    reason = {row.object_type: row.reason for row in world.session.scalars(select(FailedRead))}["invoice"]
    assert reason == "What Stripe sent is not as expected: status is not text."
    for object_id in spoiled.values():
        alter(world, object_id, {})
    retry(world)
    assert failures(world) == {}
    world.assert_in_step()


@one_database
def test_an_object_that_stays_unreadable_is_tried_again_with_a_growing_pause(world: World) -> None:
    furnish(world)
    alter(world, first_of(world, "customer"), UNREADABLE["customer"])
    world.connect()
    world.work()
    with transaction() as session:
        session.scalars(select(FailedRead)).one().attempts = 1
    for pause in (30, 120, 600, 3600, 3600):
        with transaction() as session:
            failed_reads.retry_now(session, world.row().id)
        before = clock.now()
        sync_jobs.read_failed_again(world.portal)
        (row,) = world.session.scalars(select(FailedRead))
        assert before <= row.next_attempt_at - timedelta(seconds=pause) <= clock.now()
    assert failed_reads.waiting_accounts(world.session) == []


@one_database
@pytest.mark.parametrize(
    "kinds", [("price",), ("invoice_payment", "dispute"), tuple(RIGHTS)], ids=["prices", "two lists", "every list"]
)
def test_a_right_that_is_missing_leaves_out_its_own_list_only(world: World, kinds: tuple[str, ...]) -> None:
    furnish(world)
    others = {f"{right}:write" for right in RIGHTS.values()} - {f"{RIGHTS[kind]}:write" for kind in kinds}
    more = ("webhook_endpoints", "event_destinations", "customer_portal", "checkout_sessions")
    extra = [f"{noun}:write" for noun in more]
    read = ("balance:read", "account:read", "events:read", "payment_methods:read", "test_clocks:read")
    world.connect(world.restricted_key(*read, *extra, *others))
    world.work()

    assert failures(world) == dict.fromkeys(kinds, WHOLE_LIST)
    assert world.catch_up().complete_up_to is not None
    missing = [line for line in world.row().preflight if isinstance(line, dict) and line["kind"] == "bad"]
    assert len(missing) == len(kinds)
    world.connect()
    world.work()
    for _ in kinds:
        world.read_events()
    assert failures(world) == {}
    world.assert_in_step()


@one_database
def test_a_page_that_takes_too_long_is_asked_for_again_smaller(world: World) -> None:
    furnish(world)
    world.connect()
    world.check()
    with transaction() as session:
        session.scalars(select(CatchUp)).one().cursor_at = None
    # A second is enough for a page of 25 rows, and not for one of 100.
    world.sandbox.control("faults", kind="latency", path_prefix="/v1/customers", seconds=0.03, per_row=True)
    opened = gateway_opener(world.sandbox.url, limits=Limits(2))(world.stripe_account.test_key)
    catch_up.run_pass(transaction, opened, world.row().id)

    assert (world.catch_up().walk, failures(world)) == (None, {})
    world.assert_in_step()


@one_database
def test_an_object_whose_own_request_has_no_answer_is_noted(world: World) -> None:
    furnish(world)
    price = world.sandbox.client(world.stripe_account.test_key).v1.prices.create(
        params={
            "currency": "eur",
            "product": first_of(world, "product"),
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": "volume",
            "tiers": [{"up_to": "inf", "unit_amount": 400}],
            "currency_options": {"usd": {"tiers": [{"up_to": "inf", "unit_amount": 700}]}},
        }
    )
    world.sandbox.control("faults", kind="500", path_prefix=f"/v1/prices/{price.id}")
    world.connect()
    world.work()

    assert failures(world) == {"price": price.id}
    world.sandbox.control("faults", verb="DELETE")
    retry(world)
    assert failures(world) == {}
    world.assert_in_step()


@one_database
def test_a_list_that_always_fails_while_stripe_answers_is_left_for_later(world: World) -> None:
    furnish(world)
    world.sandbox.control("faults", kind="500", path_prefix="/v1/refunds")
    world.connect()
    world.work()
    assert world.catch_up().walk == "refunds"
    for _ in range(catch_up.TRIES - 1):
        with pytest.raises(StripeProblem):
            catch_up.run_pass(transaction, gateway(world), world.row().id)
    catch_up.run_pass(transaction, gateway(world), world.row().id)

    assert failures(world) == {"refund": WHOLE_LIST}
    assert world.catch_up().complete_up_to is not None
    world.sandbox.control("faults", verb="DELETE")
    retry(world)
    assert failures(world) == {}
    world.assert_in_step()


@one_database
def test_while_stripe_is_away_no_list_is_left_out(world: World) -> None:
    world.connect()
    world.check()
    with transaction() as session:
        session.scalars(select(CatchUp)).one().cursor_at = None
    world.sandbox.control("faults", kind="500")
    for _ in range(catch_up.TRIES + 2):
        with pytest.raises(StripeProblem):
            catch_up.run_pass(transaction, gateway(world), world.row().id)

    assert (world.catch_up().walk, failures(world)) == ("active products", {})


@one_database
def test_an_event_that_cannot_be_read_is_noted_and_the_others_are_read(world: World) -> None:
    world.connect()
    world.work()
    shop = world.shop()
    shop.open()
    spoiled = first_of(world, "event")
    alter(world, spoiled, {"created": "yesterday"})
    world.read_events()

    assert failures(world) == {"event": spoiled}
    assert len(world.events()) > 3
    alter(world, spoiled, {})
    retry(world)
    assert failures(world) == {}
    assert spoiled in {event.stripe_event_id for event in world.events()}
    world.assert_in_step()


@one_database
def test_an_object_without_an_answer_does_not_hold_up_the_others(world: World) -> None:
    world.connect()
    world.work()
    api = world.sandbox.client(world.stripe_account.test_key)
    silent, good = (api.v1.customers.create(params={"name": name}) for name in ("Silent", "Good"))
    for made in (silent, good):
        message = events.event("customer.created", made.to_dict(for_json=True), api_version="2019-02-11")
        assert world.deliver(message) == 200
    world.sandbox.control("faults", kind="500", path_prefix=f"/v1/customers/{silent.id}")
    for _ in range(3):
        make_due()
        reconciliation.reconcile_due(transaction, gateway(world), world.row().id)

    states = {event.object_id: event.state for event in world.events()}
    assert states == {silent.id: "pending", good.id: "applied"}
    (waiting,) = (event for event in world.events() if event.object_id == silent.id)
    assert str(waiting.error).startswith("Stripe could not be asked: ")
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at > clock.now() + timedelta(seconds=60)


def make_due() -> None:
    with transaction() as session:
        for event in session.scalars(select(StripeEvent).where(StripeEvent.next_attempt_at.is_not(None))):
            event.next_attempt_at = clock.now() - timedelta(seconds=1)


def test_complete_up_to_is_the_oldest_event_that_is_not_applied_yet(world: World) -> None:
    world.connect()
    world.work()
    listed_up_to = cursor.completeness(world.session, world.catch_up()).up_to
    assert listed_up_to == world.catch_up().complete_up_to is not None
    customer = events.customer(balance="much")
    hour_ago = clock.now().replace(microsecond=0) - timedelta(hours=1)
    for created_at in (hour_ago, hour_ago + timedelta(minutes=5)):
        message = events.event("customer.updated", customer, created=int(created_at.timestamp()), previous={})
        assert world.deliver(message) == 200

    found = cursor.completeness(world.session, world.catch_up())
    assert (found.up_to, found.waiting) == (hour_ago, 1)
