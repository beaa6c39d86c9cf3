"""The ledger over real HTTP: what was counted and sent against Stripe's own totals, and the cause of a difference."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.metering import outbox, report_marks
from billingportal.domain.metering.ledger import late_use, resends, totals
from billingportal.domain.metering.ledger.concerned import concerned, resendable
from billingportal.domain.metering.ledger.differences import Difference, describe
from billingportal.domain.metering.ledger.keys import Scope, find_keys
from billingportal.domain.metering.ledger.listing import Wanted, ledger_page
from billingportal.errors import Refusal
from billingportal.models import AuditEntry, ClientMeter, EventDestination, MeterEvent
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import DAY, HOUR, advance, invoices_of, new_clock, renewed_at
from tests.support.people.clients import catch_up
from tests.support.stripe.worlds import World
from tests.support.usage.metered_clients import MeteredClient, metered_client, open_meters, today

KEY = ("client_id", "resource_id", "processor_account_id", "stripe_meter_id")


@pytest.fixture
def staff_id(world: World) -> int:
    with transaction() as session:
        staff = Staff(name="Mara", email="m@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(staff)
        session.flush()
        return staff.id


@pytest.fixture
def harbor(world: World, staff_id: int) -> MeteredClient:
    world.connect()
    world.work()
    meters = open_meters(world.sandbox, world.stripe_account, world.app, staff_id)
    world.work()
    return metered_client(meters, world.app)


def scope(client: MeteredClient) -> Scope:
    return Scope((client.ids.account_id,))


def differences(client: MeteredClient) -> list[Difference]:
    with transaction() as session:
        return describe(session, find_keys(session, scope(client)), clock.now())


def only(client: MeteredClient) -> Difference:
    (found,) = differences(client)
    return found


def test_equal_totals_confirm_what_was_sent(harbor: MeteredClient) -> None:
    harbor.uses(60, 40)
    assert harbor.states() == ["sent", "sent"]
    harbor.compare()

    assert harbor.states() == ["confirmed", "confirmed"]
    day = harbor.today()
    assert (day.counted, day.sent, day.at_stripe, day.differs_since) == (100, 100, 100, None)
    assert differences(harbor) == []


def test_a_day_of_two_periods_has_one_total_at_stripe(harbor: MeteredClient) -> None:
    harbor.uses(60, 40)
    turn, row = clock.now(), harbor.row()
    harbor.change_events(1, period_starts_at=turn)
    with transaction() as session:
        outbox.refresh_days(session, row.id, [today()])
    harbor.compare()

    assert (harbor.states(), differences(harbor)) == (["confirmed", "confirmed"], [])
    with transaction() as session:
        (day,) = ledger_page(session, Wanted(scope(harbor))).rows
        assert (day.sent, day.at_stripe) == (100, 100)


def test_a_client_that_came_back_to_a_meter_has_one_total_at_stripe(harbor: MeteredClient) -> None:
    harbor.uses(60, 40)
    row, moved = harbor.row(), harbor.events()[1].id
    with transaction() as session:
        key = {name: getattr(row, name) for name in KEY}
        again = ClientMeter(**key, begins_at=clock.now(), prepared_revision=row.prepared_revision)
        session.add(again)
        session.flush()
        session.execute(update(MeterEvent).where(MeterEvent.id == moved).values(client_meter_id=again.id))
        for client_meter_id in (row.id, again.id):
            outbox.refresh_days(session, client_meter_id, [today()])
    totals.read_one(transaction, harbor.gateway, row.id, all_open=True)

    assert differences(harbor) == []
    with transaction() as session:
        assert set(session.scalars(select(MeterEvent.state))) == {"confirmed"}
        (day,) = ledger_page(session, Wanted(scope(harbor))).rows
        assert (day.sent, day.at_stripe) == (100, 100)


def test_what_stripe_has_not_counted_yet_is_on_its_way_for_an_hour(harbor: MeteredClient) -> None:
    harbor.meters.settings(processing_seconds=3000, summary_seconds=0)
    harbor.uses(100)
    harbor.compare()
    assert (harbor.states(), harbor.today().at_stripe, differences(harbor)) == (["sent"], 0, [])

    harbor.change_events(0, sent_at=clock.now() - timedelta(hours=2))
    harbor.compare()
    found = only(harbor)
    assert (found.key.kind, found.key.value, str(found.amount)) == ("missing", -100, "US$0.40")

    harbor.meters.control("metering/process")
    harbor.compare()
    assert (harbor.states(), differences(harbor)) == (["confirmed"], [])


def test_a_foreign_sender_is_told(harbor: MeteredClient) -> None:
    harbor.uses(610)
    harbor.meters.report_elsewhere(harbor.ids.customer, 200)
    harbor.compare()

    found = only(harbor)
    assert (found.key.kind, found.units, str(found.amount)) == ("more", 200, "US$0.80")
    assert harbor.today().differs_by == 200


def test_a_foreign_sender_is_told_where_the_client_used_nothing(harbor: MeteredClient) -> None:
    harbor.push()
    harbor.meters.report_elsewhere(harbor.ids.customer, 5)
    harbor.compare()
    assert (only(harbor).key.day, only(harbor).units, str(only(harbor).amount)) == (today(), 5, "US$0.02")
    assert (harbor.today().counted, harbor.today().at_stripe) == (0, 5)


def test_a_lost_day_names_its_events_and_they_are_sent_again_after_a_day(harbor: MeteredClient, staff_id: int) -> None:
    harbor.uses(60, 40)
    harbor.compare()
    harbor.lose_today()
    harbor.compare()

    found = only(harbor)
    assert (found.key.kind, found.units, found.is_open) == ("missing", 100, True)
    assert harbor.states() == ["in_doubt", "in_doubt"]
    with transaction() as session:
        assert resendable(session, found, concerned(session, found), clock.now()) == []
    with pytest.raises(Refusal):
        resend(harbor, found, staff_id)

    harbor.grow_older(25)
    assert resend(harbor, found, staff_id) == 2
    harbor.push()
    harbor.compare()
    assert harbor.states() == ["cancelled", "cancelled", "confirmed", "confirmed"]
    assert (harbor.today().at_stripe, differences(harbor)) == (100, [])
    with transaction() as session:
        said = session.scalars(select(AuditEntry.summary)).all()
    assert [words for words in said if "Sent 2 meter events" in words] != []


def resend(client: MeteredClient, found: Difference, staff_id: int) -> int:
    key = found.key
    one = Scope((client.ids.account_id,), client_meter_ids=(key.client_meter_id,), day=key.day)
    return resends.resend(transaction, client.gateway, key.client_meter_id, one, key.kind, staff_id)


def test_what_arrived_meanwhile_is_not_sent_again(harbor: MeteredClient, staff_id: int) -> None:
    harbor.meters.settings(processing_seconds=10**6, summary_seconds=0)
    harbor.uses(100)
    long_ago = clock.now() - timedelta(hours=25)
    harbor.change_events(0, sent_at=long_ago, first_sent_at=long_ago)
    harbor.compare()
    found = only(harbor)
    harbor.meters.control("metering/process")

    with pytest.raises(Refusal):
        resend(harbor, found, staff_id)
    assert harbor.states() == ["confirmed"]


def test_a_rejected_batch_is_sent_again_once_its_cause_is_mended(harbor: MeteredClient, staff_id: int) -> None:
    harbor.uses(30, 18)
    ids = [event.id for event in harbor.events()]
    with transaction() as session:
        outbox.reject(session, ids, "archived_meter", "The meter was archived.")
    harbor.meters.sdk.v1.billing.meters.deactivate(harbor.meters.stripe_meter_id)
    harbor.lose_today()
    harbor.meters.read_meter()
    harbor.compare()

    found = only(harbor)
    assert (found.key.kind, found.units, found.key.count, str(found.amount)) == ("rejected", 48, 2, "US$0.19")
    with pytest.raises(Refusal):
        resend(harbor, found, staff_id)

    harbor.meters.sdk.v1.billing.meters.reactivate(harbor.meters.stripe_meter_id)
    harbor.meters.read_meter()
    assert resend(harbor, found, staff_id) == 2
    harbor.push()
    harbor.compare()
    assert (harbor.today().at_stripe, harbor.today().rejected, differences(harbor)) == (48, 0, [])


def test_what_stripe_rejects_later_is_named_mended_and_sent_again(
    world: World, harbor: MeteredClient, staff_id: int
) -> None:
    harbor.meters.settings(checks_later=True)
    harbor.meters.sdk.v1.billing.meters.deactivate(harbor.meters.stripe_meter_id)
    harbor.uses(48)
    harbor.meters.control("metering/process")
    with transaction() as session:
        session.scalars(select(EventDestination)).one().next_read_at = clock.now()
    world.work()
    world.work()
    harbor.meters.read_meter()
    harbor.compare()
    found = only(harbor)
    assert (found.key.kind, found.key.reason, found.units) == ("rejected", "archived_meter", 48)

    harbor.meters.sdk.v1.billing.meters.reactivate(harbor.meters.stripe_meter_id)
    harbor.meters.read_meter()
    assert resend(harbor, found, staff_id) == 1
    harbor.push()
    harbor.compare()
    assert (harbor.states(), differences(harbor)) == (["cancelled", "confirmed"], [])


def test_what_a_report_only_counts_is_in_doubt_until_the_totals_agree(harbor: MeteredClient) -> None:
    harbor.uses(30, 18)
    harbor.compare()
    assert harbor.row().compare_after is not None
    harbor.change_events(0, 1, state="sent")
    ids = [event.id for event in harbor.events()]
    with transaction() as session:
        report_marks.doubt(session, ids)
    after = harbor.row().compare_after
    assert after is not None
    assert after <= clock.now() + timedelta(hours=1)
    found = only(harbor)
    assert (found.key.kind, found.key.count) == ("doubt", 2)
    harbor.compare()
    assert (harbor.states(), differences(harbor)) == (["confirmed", "confirmed"], [])


def test_a_duplicate_identifier_after_a_day_counts_twice_and_is_named(harbor: MeteredClient) -> None:
    harbor.uses(80)
    harbor.compare()
    harbor.grow_older(25)
    harbor.meters.report_elsewhere(harbor.ids.customer, 80, identifier=harbor.events()[0].identifier)
    harbor.compare()

    assert (only(harbor).key.kind, only(harbor).units) == ("more", 80)


def test_an_answer_that_was_lost_is_decided_by_the_totals(harbor: MeteredClient, staff_id: int) -> None:
    harbor.uses(84, 102, 9)
    harbor.grow_older(25)
    harbor.change_events(0, 1, state="in_doubt")
    harbor.compare()
    assert (harbor.states(), differences(harbor)) == (["confirmed"] * 3, [])

    harbor.lose_today()
    harbor.meters.report_elsewhere(harbor.ids.customer, 9)
    harbor.change_events(0, 1, state="in_doubt")
    harbor.compare()
    assert (only(harbor).units, harbor.states()) == (186, ["in_doubt", "in_doubt", "confirmed"])
    assert resend(harbor, only(harbor), staff_id) == 2


def test_too_late_use_is_billed_once_or_let_go(harbor: MeteredClient, staff_id: int) -> None:
    harbor.uses(1280, 500)
    harbor.change_events(0, state="too_late")
    row = harbor.row()
    with transaction() as session:
        outbox.refresh_days(session, row.id, [today()])
    harbor.lose_today()
    harbor.meters.report_elsewhere(harbor.ids.customer, 500)
    harbor.compare()
    late = only(harbor)
    assert (late.key.kind, str(late.amount)) == ("late", "US$5.12")
    one = Scope((harbor.ids.account_id,), client_meter_ids=(late.key.client_meter_id,), day=today())

    with pytest.raises(Refusal):
        late_use.bill(transaction, harbor.gateway, one, "late", None, staff_id)
    billed = late_use.bill(transaction, harbor.gateway, one, "late", late_use.shown(late), staff_id)
    assert str(billed) == "US$5.12"
    with pytest.raises(Refusal):
        late_use.bill(transaction, harbor.gateway, one, "late", late_use.shown(late), staff_id)
    (item,) = harbor.meters.sdk.v1.invoice_items.list({"customer": harbor.ids.customer}).data
    assert (item.amount, item.id) == (512, harbor.events()[0].billed_stripe_item_id)
    assert differences(harbor) == []


def test_due_totals_are_read_and_days_without_news_are_not(harbor: MeteredClient, world: World) -> None:
    harbor.uses(10)
    row = harbor.row()
    assert row.compare_after is not None
    make_due(harbor)
    world.forget_asked()
    totals.read_due(transaction, harbor.gateway, harbor.ids.account_id, seconds=5)
    assert [one for one in world.asked() if "event_summaries" in one]
    after = harbor.row().compare_after
    assert after is not None
    assert after > clock.now() + timedelta(days=1), "the next look is at the period's end"

    make_due(harbor)
    world.forget_asked()
    totals.read_due(transaction, harbor.gateway, harbor.ids.account_id, seconds=5)
    assert [one for one in world.asked() if "event_summaries" in one] == []


def make_due(client: MeteredClient) -> None:
    with transaction() as session:
        session.scalars(select(ClientMeter)).one().compare_after = clock.now() - timedelta(minutes=1)


def test_what_is_missing_after_the_final_invoice_is_billed_by_the_next_one(
    world: World, staff_id: int, harbor: MeteredClient
) -> None:
    sdk = harbor.meters.sdk
    test_clock = new_clock(sdk)
    late = metered_client(harbor.meters, world.app, "Atlas Fitness", test_clock=test_clock)
    late.uses(1000, 280)
    lost_day = late.events()[0].day
    late.grow_older(25)
    start = int(datetime.combine(lost_day, time(), UTC).timestamp())
    harbor.meters.control("metering/lose", customer=late.ids.customer, starts=start, ends=start + 86400)
    subscription = sdk.v1.subscriptions.retrieve(late.ids.subscription)
    advance(sdk, test_clock, renewed_at(subscription) + 3 * HOUR)
    catch_up(world.app, sdk, late.ids, test_clock)
    totals.read_one(transaction, late.gateway, late.row().id, all_open=True)

    found = only(late)
    assert (found.key.kind, found.key.day, found.units, found.is_open) == ("missing", lost_day, 1280, False)
    assert (str(found.amount), late_use.is_billable(found)) == ("US$5.12", True)
    with transaction() as session:
        events = concerned(session, found)
        assert resendable(session, found, events, clock.now()) == []
    one = Scope((late.ids.account_id,), client_meter_ids=(found.key.client_meter_id,), day=lost_day)
    late_use.bill(transaction, late.gateway, one, "missing", late_use.shown(found), staff_id)
    assert differences(late) == []

    renewed = sdk.v1.subscriptions.retrieve(late.ids.subscription)
    advance(sdk, test_clock, renewed_at(renewed) + 3 * HOUR)
    newest = invoices_of(sdk, late.ids.subscription)[-1]
    lines = {line.description: line.amount for line in newest.lines.data}
    assert lines[f"1,280 AI replies on {lost_day.day} {lost_day:%B %Y}, reported late"] == 512


def test_a_period_is_compared_once_more_after_its_end_and_after_its_invoice_is_final(
    world: World, harbor: MeteredClient
) -> None:
    sdk = harbor.meters.sdk
    test_clock = new_clock(sdk)
    client = metered_client(harbor.meters, world.app, "Atlas Fitness", test_clock=test_clock)
    client.uses(10)
    due = client.row().compare_after
    assert due is not None
    assert due <= clock.now() + timedelta(hours=1), "in real time, whatever the test clock says"
    client.compare()
    subscription = sdk.v1.subscriptions.retrieve(client.ids.subscription)
    end = renewed_at(subscription)
    for moment in (end + 20 * 60, end + 2 * HOUR):
        advance(sdk, test_clock, moment)
        catch_up(world.app, sdk, client.ids, test_clock)
        long_ago = datetime.fromtimestamp(end - HOUR if moment < end + HOUR else end + 20 * 60, UTC)
        with transaction() as session:
            mine = update(ClientMeter).where(ClientMeter.client_id == client.ids.client_id)
            session.execute(mine.values(compared_at=long_ago))
        client.meters.report_elsewhere(client.ids.customer, 7, datetime.fromtimestamp(end - DAY, UTC))
        totals.read_one(transaction, client.gateway, client.row().id, all_open=False)
        days = {found.key.day: found.units for found in differences(client)}
        assert days[datetime.fromtimestamp(end - DAY, UTC).date()] in (7, 14)
