"""Invoices of metered clients, explained: each unit at the price of its time, and what is missing by its cause."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select

from billingportal import clock, models
from billingportal.db import transaction
from billingportal.domain.invoices.replacements import replacement_of
from billingportal.domain.metering.explained.day_invoices import invoice_of_day
from billingportal.domain.metering.explanation import ExplainedLine, Explanation, explain
from billingportal.domain.usage.retention import RECORDS_KEPT
from billingportal.models import ClientMeter, Invoice, MeterEvent, Resource, UsageRecord, Workspace
from billingportal.models.auth.staff import Staff
from billingportal.models.metering.meter_event import MeterEventState
from tests.support.catalog.usage import add_workspace
from tests.support.people.clients import Subscribed
from tests.support.stripe.one_offs import one_off
from tests.support.stripe.worlds import World
from tests.support.usage.metered import HOUR, Metered, metered

DAY = 24 * HOUR
NAME = "Harbor"
TIERS = [{"up_to": 100, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "2.5"}]
TIERED: dict[str, Any] = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}


@pytest.fixture
def shop(world: World, owner: Staff) -> Metered:
    return metered(world, owner.id)


def subscribed(shop: Metered, **given: Any) -> tuple[Subscribed, str]:
    test_clock = shop.clock()
    return shop.subscribe(shop.plan("AI replies", **TIERED), NAME, test_clock, **given), test_clock


def last_explained(shop: Metered, one: Subscribed) -> Explanation:
    return explain(shop.world.session, shop.read_invoices(one)[-1])


def by_use(found: Explanation) -> list[ExplainedLine]:
    return [line for line in found.lines if line.block.kind == "usage"]


def add_meter(shop: Metered, one: Subscribed, begins_at: datetime, **given: Any) -> int:
    with transaction() as session:
        meter = ClientMeter(
            client_id=one.client_id,
            resource_id=shop.resource_id,
            processor_account_id=one.account_id,
            stripe_meter_id=shop.meter,
            begins_at=begins_at,
            **given,
        )
        session.add(meter)
        session.flush()
        return meter.id


def add_event(meter_id: int, value: int, state: MeterEventState, at: datetime, **given: Any) -> int:
    with transaction() as session:
        event = MeterEvent(
            client_meter_id=meter_id,
            identifier=f"{state}-{value}-{at.timestamp()}",
            value=value,
            at=at,
            day=at.date(),
            period_starts_at=at,
            state=state,
            prepared_at=clock.now(),
            **given,
        )
        session.add(event)
        session.flush()
        return event.id


def test_a_change_of_price_inside_a_period_gives_two_blocks_with_their_own_use(shop: Metered) -> None:
    """Down to the second: the day of the change has use at both prices."""
    one, test_clock = subscribed(shop, billing_mode={"type": "flexible"})
    dearer = shop.catalog.metered(shop.meter, product=shop.catalog.product("AI replies Pro"), unit_amount=5)
    starts, ends = shop.period_of(one)
    changed_at = starts + 9 * DAY + 3 * HOUR
    shop.advance(test_clock, changed_at, [one])
    shop.use(one, NAME, {"front": 150, "web": 50}, changed_at - 60)
    item = shop.sdk.v1.subscriptions.retrieve(one.subscription)["items"].data[0].id
    change: Any = {"items": [{"id": item, "price": dearer}], "proration_behavior": "create_prorations"}
    shop.sdk.v1.subscriptions.update(one.subscription, params=change)
    shop.read_price(dearer)
    shop.advance(test_clock, changed_at + HOUR, [one])
    shop.use(one, NAME, {"web": 30}, changed_at + 60)
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    found = last_explained(shop, one)
    first, second = sorted(by_use(found), key=lambda line: line.block.amount.minor, reverse=True)
    assert (found.is_whole, found.is_equal) == (True, True)
    assert [(row.used, row.workspace and row.workspace.name) for row in first.use.workspaces] == [  # type: ignore[union-attr]
        (150, "Front"),
        (50, "Web"),
    ]
    assert (first.units, first.block.name) == (Decimal(200), "AI replies")
    assert first.block.amount.minor == 250
    assert (second.units, second.block.name) == (Decimal(30), "AI replies Pro")
    assert second.block.amount.minor == 150
    assert first.window is not None
    assert second.window is not None
    assert int(first.window.ends_at.timestamp()) == int(second.window.starts_at.timestamp()) == changed_at
    assert int(second.window.ends_at.timestamp()) == ends


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("state", ["too_late", "rejected", "let_go", "in_doubt", "waiting", "due"])
def test_what_did_not_reach_the_invoice_explains_the_difference(shop: Metered, state: MeterEventState) -> None:
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 180}, starts + HOUR)
    shop.use(one, NAME, {"web": 40}, starts + HOUR, at_stripe=False)
    meter_id = add_meter(shop, one, datetime.fromtimestamp(starts, UTC))
    at = datetime.fromtimestamp(starts + HOUR, UTC)
    add_event(meter_id, 40, state, at)
    add_event(meter_id, 7, state, at + timedelta(days=40))
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    found = last_explained(shop, one)
    (line,) = by_use(found)
    row = shop.world.session.get_one(ClientMeter, meter_id)
    billed = [invoice_of_day(shop.world.session, row, at.date() + timedelta(days=days)) for days in (-1, 0, 30, 32)]
    assert [one and one.stripe_invoice_id for one in billed] == [None, *[found.invoice.stripe_invoice_id] * 2, None]
    assert not found.is_equal
    assert (line.units, line.counted, line.missing_units) == (Decimal(180), Decimal(220), Decimal(40))
    assert line.difference is not None
    assert (line.difference.minor, found.difference.minor) == (100, 100)
    assert [(late.state, late.units, late.is_billed) for late in line.late] == [(state, 40, False)]
    assert line.is_explained
    assert [row.amount.minor for row in line.by_workspace] == [164, 36]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_an_event_that_was_sent_again_is_not_missing_and_a_billed_one_says_so(shop: Metered) -> None:
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 220}, starts + HOUR)
    meter_id, at = add_meter(shop, one, datetime.fromtimestamp(starts, UTC)), datetime.fromtimestamp(starts + HOUR, UTC)
    replaced = add_event(meter_id, 10, "rejected", at)
    add_event(meter_id, 10, "sent", at, replaces_id=replaced)
    add_event(meter_id, 12, "too_late", at, billed_stripe_item_id="ii_1")
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    (line,) = by_use(last_explained(shop, one))
    assert [(late.units, late.is_billed) for late in line.late] == [(12, True)]
    assert not line.is_explained


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_foreign_sender_makes_a_difference_that_no_event_explains(shop: Metered) -> None:
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 180}, starts + HOUR)
    shop.tell_stripe(one, 20, starts + HOUR)
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    (line,) = by_use(last_explained(shop, one))
    assert line.difference is not None
    assert (line.difference.minor, line.missing_units, line.is_explained) == (-50, Decimal(-20), False)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_use_from_before_the_subscription_is_part_of_its_first_period(shop: Metered) -> None:
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 130}, starts - 5 * DAY, at_stripe=False)
    shop.tell_stripe(one, 130, starts)
    shop.use(one, NAME, {"front": 20}, starts + HOUR)
    begins_at, billed_from = (datetime.fromtimestamp(at, UTC) for at in (starts - 6 * DAY, starts))
    add_meter(shop, one, begins_at, billed_from=billed_from, stripe_subscription_id=one.subscription)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    (line,) = by_use(last_explained(shop, one))
    assert (line.units, line.counted) == (Decimal(150), Decimal(150))

    shop.use(one, NAME, {"front": 10}, ends + HOUR)
    _, ends = shop.period_of(one)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    (line,) = by_use(last_explained(shop, one))
    assert (line.units, line.counted) == (Decimal(10), Decimal(10))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_long_afterwards_the_totals_and_days_still_explain_it(shop: Metered) -> None:
    """The records are gone by then, and with them the hours of the days that two periods share."""
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, ends - HOUR, [one])
    for day in range(25):
        shop.use(one, NAME, {"front": 6, "web": 4}, starts + day * DAY)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    invoice = shop.read_invoices(one)[-1]
    with transaction() as session:
        session.execute(delete(UsageRecord))
        session.scalars(select(models.TestClock)).one().frozen_at += RECORDS_KEPT + timedelta(days=40)

    (line,) = by_use(explain(shop.world.session, invoice))
    assert line.use is not None
    assert (line.counted, line.units) == (Decimal(250), Decimal(250))
    assert line.use.is_by_whole_days
    assert [(row.percent, row.amount.minor) for row in line.by_workspace] == [(60, 225), (40, 150)]
    assert sum(line.use.days) == 250


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_of_a_current_total_the_level_at_the_end_counts(shop: Metered) -> None:
    """Levels carry over: who reports nothing in the period still has the level from before. Archived ones left."""
    one, test_clock = subscribed(shop)
    archived = add_workspace(one.client_id, "Old", f"old-{NAME}")
    starts, ends = shop.period_of(one)
    at = datetime.fromtimestamp(starts, UTC)
    with transaction() as session:
        session.get_one(Resource, shop.resource_id).kind = "gauge"
    shop.advance(test_clock, starts + 10 * DAY, [one])
    for who, level, moment in (("front", 90, -5), ("old", 50, 1), ("web", 70, 5), ("web", 40, 6)):
        shop.level(NAME, who, level, starts + moment * DAY)
    with transaction() as session:
        session.get_one(Workspace, archived).archived_at = at + timedelta(days=3)
    shop.tell_stripe(one, 130, starts + 6 * DAY)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    shop.level(NAME, "web", 4000, ends + HOUR)

    (line,) = by_use(last_explained(shop, one))
    assert (line.units, line.counted) == (Decimal(130), Decimal(130))
    assert line.use is not None
    assert [(row.workspace and row.workspace.name, row.used) for row in line.use.workspaces] == [
        ("Front", 90),
        ("Web", 40),
    ]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_trials_prorations_and_single_amounts_are_explained_without_a_comparison(shop: Metered) -> None:
    flat = shop.catalog.price(unit_amount=4900, product=shop.catalog.product("Growth"))
    test_clock = shop.clock()
    one = shop.subscribe(shop.plan("AI replies", flat, **TIERED), NAME, test_clock, trial_period_days=10)
    (trial, *_) = (line for line in last_explained(shop, one).lines if line.block.kind != "usage")
    assert (trial.block.kind, trial.difference) == ("trial", None)

    starts, _ = shop.period_of(one)
    shop.advance(test_clock, starts + 12 * DAY, [one])
    items = shop.sdk.v1.subscriptions.retrieve(one.subscription)["items"].data
    item = next(found.id for found in items if found.price.id == flat)
    change: Any = {"items": [{"id": item, "quantity": 3}], "proration_behavior": "always_invoice"}
    shop.sdk.v1.subscriptions.update(one.subscription, params=change)
    found = last_explained(shop, one)
    assert [line.block.kind for line in found.lines] == ["proration", "proration"]
    assert [line.block.amount.minor < 0 for line in found.lines] == [True, False]
    assert (found.is_whole, found.compared, found.is_equal) == (True, [], True)

    one_off(shop.sdk, one.customer)
    found = last_explained(shop, one)
    (line,) = found.lines
    assert (line.block.kind, line.block.name, line.difference) == ("other", "Onboarding workshop", None)
    assert found.is_whole


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_void_invoice_names_the_one_that_replaces_it(shop: Metered) -> None:
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 300}, starts + HOUR)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    invoice = shop.read_invoices(one)[-1]
    assert replacement_of(shop.world.session, invoice) is None
    with transaction() as session:
        old = session.get_one(Invoice, invoice.id)
        values = {column.key: getattr(old, column.key) for column in Invoice.__table__.columns if column.key != "id"}
        old.status = "void"
        session.add(Invoice(**{**values, "stripe_invoice_id": "in_new", "created_at": old.created_at}))
    found = replacement_of(shop.world.session, shop.world.session.get_one(Invoice, invoice.id))
    assert found is not None
    assert found.stripe_invoice_id == "in_new"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_price_that_nothing_here_counts_is_not_compared_with_use(shop: Metered) -> None:
    one, test_clock = subscribed(shop)
    other = shop.catalog.meter("foreign", "Foreign")
    price = shop.catalog.metered(other, product=shop.catalog.product("Storage"), unit_amount=10)
    shop.sdk.v1.subscription_items.create(params={"subscription": one.subscription, "price": price})
    shop.read_price(price)
    _, ends = shop.period_of(one)
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    found = last_explained(shop, one)
    storage = next(line for line in found.lines if line.block.name == "Storage")
    assert (storage.use, storage.units) == (None, Decimal(0))
    assert date(2030, 2, 10) == storage.block.ends_at.date()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_meter_that_began_or_ended_inside_the_period_bills_its_own_part(shop: Metered) -> None:
    """What was used before it counted for the client, or after another one took over, is not missing."""
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 20 * DAY, [one])
    for day, used in ((2, 500), (8, 120), (15, 700)):
        shop.use(one, NAME, {"front": used}, starts + day * DAY, at_stripe=False)
    shop.tell_stripe(one, 120, starts + 8 * DAY)
    begins_at, ends_at = (datetime.fromtimestamp(starts + day * DAY + HOUR, UTC) for day in (5, 12))
    add_meter(shop, one, begins_at, ends_at=ends_at)
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    (line,) = by_use(last_explained(shop, one))
    assert (line.units, line.counted) == (Decimal(120), Decimal(120))
    assert line.window is not None
    assert (line.window.starts_at, line.window.ends_at) == (begins_at, ends_at)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_of_a_current_total_only_the_newest_level_can_be_missing(shop: Metered) -> None:
    one, test_clock = subscribed(shop)
    starts, ends = shop.period_of(one)
    with transaction() as session:
        session.get_one(Resource, shop.resource_id).kind = "gauge"
    shop.advance(test_clock, starts + 10 * DAY, [one])
    shop.level(NAME, "front", 110, starts + DAY)
    shop.level(NAME, "front", 150, starts + 5 * DAY)
    shop.tell_stripe(one, 110, starts + DAY)
    begins_at = datetime.fromtimestamp(starts, UTC)
    meter_id = add_meter(shop, one, begins_at)
    add_event(meter_id, 90, "rejected", begins_at + timedelta(hours=1))
    add_event(meter_id, 110, "sent", begins_at + timedelta(days=1))
    add_event(meter_id, 150, "too_late", begins_at + timedelta(days=5))
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    (line,) = by_use(last_explained(shop, one))
    assert (line.units, line.counted) == (Decimal(110), Decimal(150))
    assert [(late.state, late.units) for late in line.late] == [("too_late", 150)]
    assert line.is_explained


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_was_used_in_a_trial_is_free_and_no_difference(shop: Metered) -> None:
    one, test_clock = subscribed(shop, trial_period_days=10)
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, starts + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 500}, starts + HOUR)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    shop.use(one, NAME, {"front": 300}, ends + HOUR)
    _, ends = shop.period_of(one)
    shop.advance(test_clock, ends + 2 * HOUR, [one])

    explained = [explain(shop.world.session, invoice) for invoice in shop.read_invoices(one)]
    assert all(found.is_equal for found in explained)
    (line,) = by_use(explained[-1])
    assert (line.units, line.counted) == (Decimal(300), Decimal(300))
