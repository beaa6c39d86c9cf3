"""An audit compares every row with Stripe, repairs what is safe and reports the rest."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.health.audit import audits, progress, runner
from billingportal.domain.health.audit.progress import place_of
from billingportal.jobs.connection import check_accounts
from billingportal.jobs.sync import catch_up
from billingportal.models import Customer, Invoice, Price, Product, StripeAudit, Subscription, SubscriptionItem
from billingportal.stripe_gateway.errors import StripeProblem
from tests.support.catalog.catalog import Catalog
from tests.support.health.audits import audit, begin_audit, counts, entries, read_audit, run_audit
from tests.support.health.shops import sdk, staff_member
from tests.support.people.clients import paid_plan, subscribed_client
from tests.support.stripe.shop import add_meter, add_tiered_price, subscribe
from tests.support.stripe.worlds import World

# All that an audit needs but the schedules.
RIGHTS = (
    "balance:read",
    "events:read",
    "products:read",
    "prices:read",
    "billing_meters:read",
    "customers:read",
    "subscriptions:read",
    "invoices:read",
    "checkout_sessions:read",
)
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def world(world: World) -> World:
    """Connected, with a little of everything, all of it read."""
    shop = world.shop(seed=3)
    shop.open()
    for step in (add_tiered_price, add_meter, subscribe):
        step(shop)
    world.connect()
    for job in (check_accounts, catch_up):
        job(world.portal)
    return world


def damage(world: World) -> None:
    """Have rows of several types say something else than Stripe, as if their events had been lost."""
    with transaction() as session:
        long_ago = clock.now() - timedelta(days=1)
        session.execute(update(Customer).values(name="Somebody", as_of=long_ago))
        session.execute(update(Product).values(name="Something", as_of=long_ago))
        session.execute(update(Subscription).values(status="paused", as_of=long_ago))
        session.execute(delete(SubscriptionItem))
        session.execute(update(Invoice).values(total_minor=1, as_of=long_ago))
        session.execute(delete(Price).where(Price.id == session.query(Price.id).order_by(Price.id).limit(1).scalar()))


@one_database
def test_an_audit_of_rows_that_agree_finds_all_equal(world: World) -> None:
    found = audit(world)

    assert (found.state, found.problem) == ("finished", "")
    assert entries(world, found) == []
    read = counts(world, found)
    assert all(count.read == count.equal for count in read.values())
    assert {"product", "price", "customer", "subscription", "invoice"} <= read.keys()
    world.assert_in_step()


def test_an_audit_repairs_rows_that_differ_and_says_which_fields(world: World) -> None:
    damage(world)
    found = audit(world)

    world.assert_in_step()
    read = counts(world, found)
    assert read["customer"].repaired == read["customer"].read
    assert read["price"].repaired == 1
    assert found.counts["price"] == {
        "read": read["price"].read,
        "equal": read["price"].read - 1,
        "repaired": 1,
        "reported": 0,
    }
    (missing,) = [entry for entry in entries(world, found) if entry.object_type == "price"]
    assert missing.sentence == "This price was missing here. Stripe’s state was stored."
    named = {entry.object_type: entry for entry in entries(world, found)}
    assert named["customer"].fields["name"] == ["Somebody", named["customer"].fields["name"][1]]  # type: ignore[index]
    assert named["customer"].sentence == "Name differed. Stripe’s state was stored."
    assert set(named["subscription"].fields) >= {"status", "items"}


@one_database
def test_a_second_audit_after_a_repair_finds_all_equal(world: World) -> None:
    damage(world)
    audit(world)
    again = audit(world)

    assert entries(world, again) == []
    assert all(count.read == count.equal for count in counts(world, again).values())


@one_database
def test_a_dry_run_says_the_same_and_changes_nothing(world: World) -> None:
    damage(world)
    dry = audit(world, is_dry_run=True)
    would = {(one.object_type, one.stripe_object_id): dict(one.fields) for one in entries(world, dry)}
    with pytest.raises(AssertionError):
        world.assert_in_step()
    assert {one.sentence for one in entries(world, dry)} >= {"Name differed. It would be stored."}

    real = audit(world)
    assert {(one.object_type, one.stripe_object_id): dict(one.fields) for one in entries(world, real)} == would
    world.assert_in_step()


@one_database
def test_what_was_deleted_at_stripe_is_stored_as_deleted(world: World) -> None:
    client = world.sandbox.client(world.stripe_account.test_key)
    customer = client.v1.customers.create(params={"name": "Amber"}).id
    world.read_events()
    client.v1.customers.delete(customer)
    found = audit(world)

    (entry,) = entries(world, found)
    assert (entry.object_type, entry.stripe_object_id, entry.result) == ("customer", customer, "repaired")
    assert entry.sentence == "Stripe no longer has it."
    world.assert_in_step()


@one_database
def test_a_subscription_that_stripe_does_not_know_is_reported_and_stays(world: World) -> None:
    with transaction() as session:
        row = session.query(Subscription).order_by(Subscription.id).first()
        assert row is not None
        session.execute(
            update(Subscription).where(Subscription.id == row.id).values(stripe_subscription_id="sub_unknown")
        )
    found = audit(world)

    (reported,) = [entry for entry in entries(world, found) if entry.result == "reported"]
    assert reported.stripe_object_id == "sub_unknown"
    assert "Nothing was changed here" in reported.sentence
    assert counts(world, found)["subscription"].reported == 1
    again = audit(world)
    assert [entry.stripe_object_id for entry in entries(world, again)] == ["sub_unknown"]


@one_database
@pytest.mark.parametrize("path", ["products", "invoices", "events"])
def test_an_audit_that_was_killed_goes_on_where_it_was(world: World, path: str) -> None:
    damage(world)
    audit_id = begin_audit(world)
    world.sandbox.control("faults", kind="500", path_prefix=f"/v1/{path}")
    with pytest.raises(StripeProblem):
        run_audit(world, audit_id)
    waiting = read_audit(world, audit_id)
    assert waiting.state == "running"
    assert place_of(waiting).problem.startswith("Stripe could not be asked: ")

    world.sandbox.control("faults", verb="DELETE")
    world.forget_asked()
    assert run_audit(world, audit_id)
    if path == "invoices":
        assert "GET /v1/products" not in world.asked()
    found = read_audit(world, audit_id)
    assert (found.state, found.problem) == ("finished", "")
    assert counts(world, found)["customer"].read == counts(world, found)["customer"].repaired
    world.assert_in_step()


def test_two_processes_do_not_work_on_one_audit(world: World) -> None:
    audit_id = begin_audit(world)
    with transaction() as session:
        assert progress.claim(session, audit_id) is not None
    assert not run_audit(world, audit_id)

    with transaction() as session:
        row = session.get_one(StripeAudit, audit_id)
        row.progress = {**row.progress, "leased_until": (clock.now() - timedelta(seconds=1)).isoformat()}
    assert run_audit(world, audit_id)
    assert place_of(read_audit(world, audit_id)).phase == "done"


@one_database
def test_a_list_that_the_key_may_not_read_does_not_stop_the_others(world: World) -> None:
    audit_id = begin_audit(world)
    gateway = world.portal.open_gateway(world.restricted_key(*RIGHTS))
    assert runner.run(transaction, gateway, audit_id)
    found = read_audit(world, audit_id)

    assert found.state == "finished"
    assert found.problem.startswith("The list of each scheduled change could not be read: ")
    assert counts(world, found)["invoice"].read


@one_database
def test_an_audit_begins_every_night_and_not_before_the_first_night(world: World) -> None:
    tonight = audits.last_night(clock.now()) + timedelta(days=1)
    with transaction() as session:
        assert audits.begin_nightly(session, clock.now()) == []
        assert audits.begin_nightly(session, tonight - timedelta(seconds=1)) == []
        assert len(audits.begin_nightly(session, tonight)) == 1


@one_database
def test_links_that_stripe_makes_anew_each_time_are_no_difference(world: World) -> None:
    """As Stripe does: the links of an invoice differ from one answer to the next."""
    with transaction() as session:
        values = {"hosted_invoice_url": "https://invoice.example/old", "as_of": clock.now() - timedelta(days=1)}
        session.execute(update(Invoice).values(**values))
    found = audit(world)

    assert entries(world, found) == []
    assert counts(world, found)["invoice"].equal == counts(world, found)["invoice"].read
    world.assert_in_step()


@one_database
def test_an_amount_that_our_computation_does_not_give_is_reported(world: World) -> None:
    """The lines are Stripe's own, so that reading them again repairs nothing."""
    shop = sdk(world)
    plan_id = paid_plan(staff_member(), Catalog(shop), world.app)
    ids = subscribed_client(world.app, shop, plan_id, name="Harbor Dental")
    assert counts(world, audit(world)).get("invoice_amounts") is None
    with transaction() as session:
        session.execute(update(Price).values(unit_amount_decimal=Decimal(1900), as_of=clock.now()))
    found = audit(world, client_id=ids.client_id)

    (reported,) = [entry for entry in entries(world, found) if entry.result == "reported"]
    assert reported.client_id == ids.client_id
    assert reported.sentence.endswith("says US$29.00. Growth with 1 unit costs US$19.00.")


def test_an_audit_of_one_client_reads_its_objects_only(world: World) -> None:
    plan_id = paid_plan(staff_member(), Catalog(sdk(world)), world.app)
    ids = subscribed_client(world.app, sdk(world), plan_id, name="Harbor Dental")
    damage(world)
    world.forget_asked()
    found = audit(world, client_id=ids.client_id)

    assert {entry.client_id for entry in entries(world, found)} == {ids.client_id}
    read = counts(world, found)
    assert (read["customer"].repaired, read["subscription"].repaired, read["invoice"].repaired) == (1, 1, 1)
    assert len(world.asked()) <= 8
    session = world.session
    names = dict(session.execute(select(Customer.stripe_customer_id, Customer.name)).all())
    assert names.pop(ids.customer) == "Harbor Dental"
    assert set(names.values()) == {"Somebody"}
