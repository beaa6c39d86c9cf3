"""Over HTTP: Stripe's reports reach the portal, and none is lost, whatever becomes of the event destination."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.connection.event_destination import REPORTS
from billingportal.domain.metering import rejections
from billingportal.jobs import metering as metering_jobs
from billingportal.models import EventDestination, MeterErrorReport
from billingportal.vault import Vault
from tests.support.metering.metered import Metered
from tests.support.server import serving
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World
from tests.support.usage.sent_events import SentEvents, sent_events

QUICK = [0.02, 0.02]
LOST = Vault(("a key that was lost, and that is long enough",))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Without the deliveries of other tests: these wait until all are through."""
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def world(settings: Settings, sandbox: Sandbox) -> Iterator[World]:
    """A portal whose public address is served. Faults and ways of delivery last as long as the test."""
    door = create_app(with_sandbox(settings, sandbox, None))
    with serving(door) as url:
        app = create_app(with_sandbox(settings, sandbox, url))
        sandbox.control("delivery", retry_schedule=QUICK)
        with app.app_context():
            yield World(app, sandbox, new_account(sandbox))
            sandbox.control("faults", verb="DELETE")
            sandbox.control("delivery", drop_rate=0.0, duplicate_rate=0.0, shuffle=False, paused=False)
            sandbox.wait_for_deliveries()
            db.session.remove()
            db.engine.dispose()
    with door.app_context():
        db.engine.dispose()


@pytest.fixture
def outbox(world: World) -> SentEvents:
    world.connect()
    world.work()
    world.work()
    assert world.destination().state == "registered"
    return sent_events(world.row().id)


def report(world: World, *names: str) -> str:
    samples: Any = [[name, "It is archived."] for name in names]
    return world.report_meter_errors({"code": "archived_meter", "count": len(names), "samples": samples})


def delivered(world: World) -> list[str]:
    """The reports that are stored once deliveries are through, by Stripe's id."""
    world.sandbox.wait_for_deliveries()
    return list(world.session.scalars(select(MeterErrorReport.stripe_event_id).order_by(MeterErrorReport.id)))


def read_delivered(world: World) -> None:
    """Fetch what was delivered; the list is not read."""
    metering_jobs.read_error_reports(world.portal)


def at_stripe(world: World) -> Any:
    return world.sandbox.client(world.stripe_account.test_key).v2.core.event_destinations


def stripe_id(world: World) -> str:
    return str(world.destination().stripe_event_destination_id)


def lose_secret(world: World) -> None:
    with transaction() as session:
        session.scalars(select(EventDestination)).one().secret_sealed = None


def seal_secret_with_another_key(world: World) -> None:
    with transaction() as session:
        session.scalars(select(EventDestination)).one().secret_sealed = LOST.seal("whsec_of_another_key")


BREAK: dict[str, Callable[[World], object]] = {
    "deleted": lambda world: at_stripe(world).delete(stripe_id(world)),
    "disabled": lambda world: at_stripe(world).disable(stripe_id(world)),
    "events cut": lambda world: at_stripe(world).update(stripe_id(world), {"enabled_events": [REPORTS[0]]}),
    "address changed": lambda world: at_stripe(world).update(
        stripe_id(world), {"webhook_endpoint": {"url": "http://127.0.0.1:9/elsewhere"}}
    ),
    "secret lost": lose_secret,
    "sealed with a lost key": seal_secret_with_another_key,
}


def test_a_report_is_delivered_stored_at_once_and_read_by_the_worker(world: World, outbox: SentEvents) -> None:
    named = outbox.add()
    event_id = report(world, named)
    assert delivered(world) == [event_id]
    assert outbox.states(named) == ["sent"]
    read_delivered(world)
    assert outbox.states(named) == ["rejected"]


@pytest.mark.parametrize("name", BREAK)
def test_the_destination_is_repaired_by_itself_and_no_report_is_lost(
    world: World, outbox: SentEvents, name: str
) -> None:
    before, during, after = outbox.add(), outbox.add(), outbox.add()
    report(world, before)
    delivered(world)
    BREAK[name](world)
    report(world, during)
    assert len(delivered(world)) == 1
    world.check()
    assert world.destination().state == "registered"
    assert world.destination().repair is not None
    assert world.destination().repair in world.audited()
    assert len(world.destinations_at_stripe()) == 1
    assert outbox.states(before, during) == ["rejected", "rejected"]
    report(world, after)
    assert len(delivered(world)) == 3
    read_delivered(world)
    assert outbox.states(after) == ["rejected"]
    assert all(row.applied_at for row in world.session.scalars(select(MeterErrorReport)))


def test_repeated_and_disordered_deliveries_are_stored_once(world: World, outbox: SentEvents) -> None:
    world.sandbox.control("delivery", duplicate_rate=1.0, shuffle=True)
    named = [outbox.add() for _ in range(8)]
    made = [report(world, name) for name in named]
    assert sorted(delivered(world)) == sorted(made)
    read_delivered(world)
    assert set(outbox.states(*named)) == {"rejected"}


def test_lost_deliveries_are_found_in_the_list(world: World, outbox: SentEvents) -> None:
    world.sandbox.control("delivery", drop_rate=1.0)
    named = outbox.add()
    event_id = report(world, named)
    assert delivered(world) == []
    with transaction() as session:
        session.scalars(select(EventDestination)).one().next_read_at = now()
    world.work()
    assert delivered(world) == [event_id]
    assert outbox.states(named) == ["rejected"]


def test_what_was_signed_with_the_previous_secret_still_arrives(world: World, outbox: SentEvents) -> None:
    """As after a repair that was made while a delivery was under way."""
    world.sandbox.control("delivery", paused=True)
    event_id = report(world, outbox.add())
    row = world.destination()
    with transaction() as session:
        stored = session.get_one(EventDestination, row.id)
        stored.keep_secret(world.portal.vault.seal("whsec_the_new_one"), now().replace(year=now().year + 1))
    world.sandbox.control("delivery", paused=False)
    assert delivered(world) == [event_id]


def test_a_ping_is_acknowledged(world: World, outbox: SentEvents) -> None:
    at_stripe(world).ping(stripe_id(world))
    assert delivered(world) == []
    (ping,) = world.sandbox.objects(world.stripe_account.id, "test", "v2.core.event")
    store = world.sandbox.server.world.accounts[world.stripe_account.id].stores["test"]
    assert [one["state"] for one in store.deliveries.values() if one["event"] == ping["id"]] == ["delivered"]


@pytest.mark.parametrize("named_by", ["idempotency_key", "identifier"])
def test_use_that_stripe_rejects_later_is_rejected_here_or_in_doubt(
    world: World, messages: Metered, named_by: str
) -> None:
    """Two clients use something, Stripe takes it, somebody archives the meter: its report names one of the two."""
    account = world.stripe_account.id
    world.sandbox.control("metering", account=account, processing_seconds=86400, sample_names=named_by)
    for name, used in (("Harbor", 3), ("Cove", 4)):
        messages.subscribe(name)
        messages.use(used, workspace=name.lower())
    world.sandbox.control("faults", kind="drop", method="POST", path_prefix="/v1/billing/meter_ev", count=1)
    messages.work()
    messages.deliver()
    assert sorted(messages.states()) == [("sent", 3), ("sent", 4)]
    messages.sdk.v1.billing.meters.deactivate(messages.meter_id)
    world.sandbox.control("metering/process", account=account, mode="test")
    assert len(delivered(world)) == 1
    read_delivered(world)
    assert sorted(state for state, _ in messages.states()) == ["in_doubt", "rejected"]
    (rejected,) = [event for event in messages.events() if event.state == "rejected"]
    assert rejected.problem == rejections.WORDS["archived_meter"]
    row = world.session.scalars(select(MeterErrorReport)).one()
    assert (row.stripe_meter_id, row.error_count, row.named_count) == (messages.meter_id, 2, 1)
