"""What Stripe reports of meter events that it took and rejected later is read once, and the events are marked."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from billingportal.app import create_app
from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.metering import rejections
from billingportal.jobs import metering as metering_jobs
from billingportal.models import EventDestination, MeterDay, MeterErrorReport
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from tests.support.stripe.portals import work
from tests.support.stripe.worlds import World
from tests.support.usage.sent_events import SentEvents, sent_events

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# As the SDK lists them (V1BillingMeterErrorReportTriggeredEvent), and one that only the documentation has.
CODES = (
    "archived_meter",
    "meter_event_customer_not_found",
    "meter_event_dimension_count_too_high",
    "meter_event_invalid_value",
    "meter_event_no_customer_defined",
    "meter_event_value_too_many_digits",
    "missing_dimension_payload_keys",
    "no_meter",
    "timestamp_in_future",
    "timestamp_too_far_in_past",
    "meter_event_value_not_found",
)


@pytest.fixture
def outbox(world: World) -> SentEvents:
    """Of a connected account whose address nobody reaches: reports come from the list."""
    world.connect()
    world.work()
    return sent_events(world.row().id)


def error(code: str, count: int, *names: str) -> JsonObject:
    return {"code": code, "count": count, "samples": [[name, f"Said of {name}."] for name in names]}


def read(world: World) -> None:
    """Have the list read now, and the reports that are found."""
    with transaction() as session:
        session.scalars(select(EventDestination)).one().next_read_at = now()
        for row in session.scalars(select(MeterErrorReport).where(MeterErrorReport.applied_at.is_(None))):
            row.next_attempt_at = now()
    world.work()


def reports(world: World) -> list[MeterErrorReport]:
    return list(world.session.scalars(select(MeterErrorReport).order_by(MeterErrorReport.id)))


def new_meter(world: World, name: str = "replies") -> str:
    sdk = world.sandbox.client(world.stripe_account.test_key)
    made = sdk.v1.billing.meters.create(
        params={"default_aggregation": {"formula": "sum"}, "display_name": name, "event_name": name}
    )
    return made.id


def test_named_events_are_rejected_with_words_and_the_others_stay(world: World, outbox: SentEvents) -> None:
    named, again, other = outbox.add(value=5), outbox.add(value=7), outbox.add(value=11)
    event_id = world.report_meter_errors(error("meter_event_customer_not_found", 2, named, f"{again}-2"))
    read(world)
    assert outbox.states(named, again, other) == ["rejected", "rejected", "sent"]
    event = outbox.event(again)
    assert event.reason == "meter_event_customer_not_found"
    assert event.problem == rejections.WORDS["meter_event_customer_not_found"]
    (row,) = reports(world)
    assert (row.stripe_event_id, row.error_count, row.named_count) == (event_id, 2, 2)
    assert row.applied_at is not None
    assert row.window_starts_at is not None
    assert row.summary == "There are 2 invalid events"
    day = world.session.scalars(select(MeterDay)).one()
    assert (day.sent, day.rejected) == (11, 12)
    assert world.audited()[-1] == "Stripe rejected 2 meter events after it took them: 2 named, 0 in doubt"


@one_database
def test_every_code_has_words_and_an_unknown_one_has_stripes(world: World, outbox: SentEvents) -> None:
    assert set(CODES) == set(rejections.WORDS)
    names = {code: outbox.add() for code in (*CODES, "a_code_of_next_year")}
    world.report_meter_errors(*(error(code, 1, name) for code, name in names.items()))
    read(world)
    found = {code: outbox.event(name) for code, name in names.items()}
    assert {event.state for event in found.values()} == {"rejected"}
    assert {code: event.reason for code, event in found.items()} == {code: code for code in found}
    assert len({event.problem for event in found.values()}) == len(found)
    unknown = found["a_code_of_next_year"].problem
    assert "a_code_of_next_year" in unknown
    assert f"Said of {names['a_code_of_next_year']}." in unknown


def test_where_only_counts_come_the_meters_events_of_that_time_are_in_doubt(world: World, outbox: SentEvents) -> None:
    meter, other_meter = new_meter(world), new_meter(world, "tokens")
    named, unnamed = outbox.add(meter), outbox.add(meter)
    earlier = outbox.add(meter, sent_at=now() - timedelta(hours=3))
    agreed = outbox.add(meter, state="confirmed")
    elsewhere = outbox.add(other_meter)
    world.report_meter_errors(error("archived_meter", 2, named), meter=meter)
    read(world)
    states = outbox.states(named, unnamed, earlier, agreed, elsewhere)
    assert states == ["rejected", "in_doubt", "sent", "confirmed", "sent"]
    assert outbox.event(unnamed).problem == rejections.IN_DOUBT
    (row,) = reports(world)
    assert (row.stripe_meter_id, row.error_count, row.named_count) == (meter, 2, 1)


def test_without_a_meter_the_accounts_events_of_that_time_are_in_doubt(world: World, outbox: SentEvents) -> None:
    first, second = outbox.add("mtr_1"), outbox.add("mtr_2")
    earlier = outbox.add("mtr_1", sent_at=now() - timedelta(hours=3))
    world.report_meter_errors(error("no_meter", 1))
    read(world)
    assert outbox.states(first, second, earlier) == ["in_doubt", "in_doubt", "sent"]


@one_database
def test_events_of_somebody_else_concern_nothing_here(world: World, outbox: SentEvents) -> None:
    ours = outbox.add()
    audited = world.audited()
    world.report_meter_errors(error("archived_meter", 2, "of-somebody-else", "of-another"))
    read(world)
    assert outbox.states(ours) == ["sent"]
    assert reports(world)[0].named_count == 0
    assert world.audited() == audited


@one_database
def test_a_report_after_the_invoice_is_noted_with_what_is_left_to_do(world: World, outbox: SentEvents) -> None:
    late = outbox.add(at=now() - timedelta(days=40))
    world.report_meter_errors(error("timestamp_too_far_in_past", 1, late))
    read(world)
    assert outbox.states(late) == ["rejected"]
    assert outbox.event(late).problem.endswith(rejections.AFTER_THE_INVOICE)


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_meters_are_locked_in_their_order(world: World, outbox: SentEvents) -> None:
    """As a sender locks them: else each would wait for the other. The report names the last meter first."""
    first, last = outbox.add("mtr_1"), outbox.add("mtr_2")
    world.report_meter_errors(error("no_meter", 1, last), error("archived_meter", 1, first))
    with transaction() as session:
        session.scalars(select(EventDestination)).one().next_read_at = now()
    metering_jobs.list_error_reports(world.portal)

    def read_reports() -> None:
        with world.app.app_context():
            metering_jobs.read_error_reports(current_portal())

    with ThreadPoolExecutor(1) as worker, db.engine.connect() as sender:
        lock = text("SELECT id FROM client_meter WHERE id = :id FOR UPDATE NOWAIT")
        sender.execute(lock, {"id": outbox.meters["mtr_1"]})
        reading = worker.submit(read_reports)
        wait_until_blocked()
        sender.execute(lock, {"id": outbox.meters["mtr_2"]})
        sender.rollback()
        reading.result(timeout=20)
    assert outbox.states(first, last) == ["rejected", "rejected"]


def wait_until_blocked() -> None:
    """Return once a transaction waits for a lock. Raises TimeoutError."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(400):
        with db.engine.connect() as looking:
            if looking.execute(waiting).scalar_one():
                return
        time.sleep(0.025)
    raise TimeoutError("nobody waits")


@one_database
def test_events_that_are_settled_stay_as_they_are(world: World, outbox: SentEvents) -> None:
    settled = [outbox.add(state=state) for state in ("cancelled", "let_go", "too_late", "rejected")]
    in_doubt = outbox.add(state="in_doubt")
    world.report_meter_errors(error("archived_meter", 5, *settled, in_doubt))
    read(world)
    assert outbox.states(*settled, in_doubt) == ["cancelled", "let_go", "too_late", "rejected", "rejected"]


def test_a_report_is_read_once_however_often_it_is_listed(world: World, outbox: SentEvents) -> None:
    named = outbox.add()
    for _ in range(12):
        world.report_meter_errors(error("archived_meter", 1, named))
    read(world)
    audited = world.audited()
    world.forget_asked()
    read(world)
    assert len(reports(world)) == 12
    assert world.audited() == audited
    assert not [one for one in world.asked() if one.startswith("GET /v2/core/events/")]


@one_database
@pytest.mark.parametrize("kind", ["429", "500", "drop", "malformed"])
def test_a_report_that_cannot_be_fetched_now_is_fetched_later(world: World, outbox: SentEvents, kind: str) -> None:
    named = outbox.add()
    world.report_meter_errors(error("archived_meter", 1, named))
    world.sandbox.control("faults", kind=kind, path_prefix="/v2/core/events/")
    read(world)
    (row,) = reports(world)
    assert (row.applied_at, row.attempts, outbox.states(named)) == (None, 1, ["sent"])
    assert row.next_attempt_at is not None
    assert row.next_attempt_at > now()
    world.sandbox.control("faults", verb="DELETE")
    read(world)
    assert outbox.states(named) == ["rejected"]


@one_database
def test_a_report_that_stripe_no_longer_has_is_done(world: World, outbox: SentEvents) -> None:
    world.report_meter_errors(error("archived_meter", 1))
    world.sandbox.control("faults", kind="500", path_prefix="/v2/core/events/")
    read(world)
    world.sandbox.control("faults", verb="DELETE")
    world.sandbox.control("events/age", account=world.stripe_account.id, mode="test", seconds=31 * 24 * 3600)
    read(world)
    (row,) = reports(world)
    assert row.applied_at is not None
    assert row.summary.startswith("Stripe keeps reports for 30 days")


def test_without_a_public_address_the_list_is_read_every_minute(world: World) -> None:
    app = create_app(replace(world.portal.settings, public_url=None))
    world.connect()
    work(app)
    outbox = sent_events(world.row().id)
    named = outbox.add()
    world.report_meter_errors(error("archived_meter", 1, named))
    row = world.destination()
    assert (row.state, outbox.states(named)) == ("reading", ["sent"])
    assert row.next_read_at is not None
    assert now() < row.next_read_at <= now() + timedelta(minutes=1)
    with transaction() as session:
        session.scalars(select(EventDestination)).one().next_read_at = now()
    work(app)
    assert outbox.states(named) == ["rejected"]
    read_up_to = world.destination().read_up_to
    assert read_up_to is not None
    assert read_up_to > now() - timedelta(minutes=1)
    with app.app_context():
        db.engine.dispose()


@one_database
def test_while_it_is_registered_the_list_is_read_every_ten_minutes(world: World, outbox: SentEvents) -> None:
    read(world)
    row = world.destination()
    assert row.next_read_at is not None
    assert now() + timedelta(minutes=9) < row.next_read_at <= now() + timedelta(minutes=10)


@one_database
def test_what_was_reported_while_the_account_was_not_connected_is_read_afterwards(
    world: World, outbox: SentEvents
) -> None:
    named = outbox.add()
    read(world)
    with transaction() as session:
        row = session.scalars(select(EventDestination)).one()
        row.read_up_to = now() - timedelta(days=2)
    world.sandbox.control("events/age", account=world.stripe_account.id, mode="test", seconds=24 * 3600)
    world.report_meter_errors(error("archived_meter", 1, named))
    world.sandbox.control("events/age", account=world.stripe_account.id, mode="test", seconds=24 * 3600)
    read(world)
    assert outbox.states(named) == ["rejected"]
