"""Clients are moved from a retired price to the new one: as shown, announced, once."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.common.dates import day
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plans.price_links import Link
from billingportal.domain.price_moves import confirmation, moves, steps, work
from billingportal.domain.price_moves.moves import When
from billingportal.errors import Conflict, Refusal
from billingportal.models import PlanChange
from tests.sandbox.clocks import frozen, new_clock
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.edits import sell_by
from tests.support.catalog.plans import resource_id
from tests.support.people.clients import connection
from tests.support.people.plan_changes import entitlement_of
from tests.support.people.raises import Raise

# Where the database decides nothing.
ONE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_a_client_is_moved_at_the_first_renewal_after_the_notice(raised: Raise) -> None:
    client = raised.subscribe()
    raised.raise_price()
    move_id = raised.begin()

    raised.choose(move_id)
    raised.work()
    (row,) = raised.rows(move_id)
    assert (row.state, row.pays_minor, row.will_pay_minor, row.currency) == ("chosen", 1500, 1900, "usd")
    assert row.takes_effect_at
    assert row.takes_effect_at.date() >= clock.now().date() + timedelta(days=14)
    assert raised.schedules() == []

    raised.confirm(move_id, "We have not raised prices since 2024.")
    raised.work()
    (row,) = raised.rows(move_id)
    assert (row.state, raised.move(move_id).state) == ("scheduled", "planned")
    assert row.takes_effect_at
    (schedule,) = raised.schedules()
    assert schedule.phases[1].start_date == int(row.takes_effect_at.timestamp())
    (mail,) = raised.mails()
    assert mail.client_id == client.client_id
    assert mail.subject == f"Your Growth plan will cost US$19.00 from {day(row.takes_effect_at)}"
    assert "costs US$19.00 a month instead of US$15.00. Until then nothing changes." in mail.body
    assert "We have not raised prices since 2024." in mail.body


@ONE
def test_the_amount_shown_is_the_first_invoice_after_the_move(raised: Raise) -> None:
    test_clock = new_clock(raised.sdk)
    coupon = raised.sdk.v1.coupons.create({"percent_off": 20, "duration": "forever"}).id
    tax: Any = {"display_name": "VAT", "percentage": 19, "inclusive": False}
    rate = raised.sdk.v1.tax_rates.create(tax).id
    terms: Any = {"discounts": [{"coupon": coupon}], "default_tax_rates": [rate]}
    client = raised.subscribe(test_clock=test_clock, **terms)
    raised.raise_price()

    move_id = raised.planned()
    (row,) = raised.rows(move_id)
    assert (row.pays_minor, row.will_pay_minor, row.first_minor) == (1428, 1809, None)
    raised.pass_days(client, test_clock, 31)
    raised.work()

    assert raised.totals(client) == [1428, 1809]
    assert (raised.states(move_id), raised.move(move_id).state) == (["moved"], "ended")
    assert entitlement_of(client.client_id).plan_id == raised.plan_id


@ONE
def test_a_number_that_was_bought_is_moved_with_its_quota(raised: Raise) -> None:
    contacts = resource_id(raised.world.session, "contacts")
    each, dearer = (Catalog(raised.sdk).price(unit_amount=amount) for amount in (3, 5))
    raised = replace(raised, old=each, new=dearer)
    sell_by(raised.world.app, raised.staff_id, raised.plan_id, Link(each, "quantity", contacts))
    test_clock = new_clock(raised.sdk)
    coupon = raised.sdk.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    terms: Any = {"discounts": [{"coupon": coupon}]}
    client = raised.subscribe(test_clock=test_clock, quantities={"contacts": 40}, **terms)
    sell_by(raised.world.app, raised.staff_id, raised.plan_id, Link(dearer, "quantity", contacts))

    (row,) = raised.rows(raised.planned())
    assert (row.pays_minor, row.will_pay_minor) == (108, 180)
    raised.pass_days(client, test_clock, 31)

    assert raised.totals(client) == [108, 180]
    quotas = {quota.resource.key: quota.quota for quota in entitlement_of(client.client_id).quotas}
    assert quotas["contacts"] == 40


@ONE
def test_a_discount_that_ends_makes_the_first_invoice_smaller(raised: Raise) -> None:
    test_clock = new_clock(raised.sdk)
    coupon = raised.sdk.v1.coupons.create({"percent_off": 50, "duration": "repeating", "duration_in_months": 3}).id
    terms: Any = {"discounts": [{"coupon": coupon}]}
    client = raised.subscribe(test_clock=test_clock, **terms)
    raised.raise_price()

    move_id = raised.planned()
    (row,) = raised.rows(move_id)
    assert (row.pays_minor, row.will_pay_minor, row.first_minor) == (1500, 1900, 950)
    assert "Your first payment then is US$9.50, since a discount still runs." in raised.mails()[0].body
    raised.pass_days(client, test_clock, 31)

    assert raised.totals(client) == [750, 950]


@ONE
def test_a_later_day_keeps_the_price_until_the_renewal_after_it(raised: Raise) -> None:
    test_clock = new_clock(raised.sdk)
    client = raised.subscribe(test_clock=test_clock)
    raised.raise_price()

    move_id = raised.planned(When("date", date(2030, 3, 15), 14))
    (row,) = raised.rows(move_id)
    assert row.takes_effect_at
    assert row.takes_effect_at.date() == date(2030, 4, 1)
    for days in (31, 28, 31):
        raised.pass_days(client, test_clock, days)
    raised.work()

    assert frozen(raised.sdk, test_clock) > int(row.takes_effect_at.timestamp())
    assert raised.totals(client) == [1500, 1500, 1500, 1900]
    assert raised.states(move_id) == ["moved"]


@pytest.mark.parametrize("lost", ["before Stripe", "after Stripe", "before the email"])
def test_a_crash_between_two_steps_makes_one_schedule_and_one_email(raised: Raise, lost: str) -> None:
    raised.subscribe()
    raised.raise_price()
    move_id = raised.confirmed()
    account, gateway = connection()
    (row,) = raised.rows(move_id)
    row_id = row.id
    raised.world.session.rollback()

    change_id = steps.record_intent(transaction, gateway, row_id)
    assert change_id is not None
    if lost == "after Stripe":
        with transaction() as session:
            intent = plan_change_steps.intent_of(session, session.get_one(PlanChange, change_id))
        gateway.schedules.plan(intent.stripe_subscription_id, intent.phase, intent.key)
    if lost == "before the email":
        plan_change_steps.finish_change(transaction, gateway, change_id)
    for _ in range(2):
        raised.work()
        plan_change_steps.finish_change(transaction, gateway, change_id)
        work.work(transaction, gateway, account.id)

    assert raised.states(move_id) == ["scheduled"]
    assert len(raised.schedules()) == len(raised.mails()) == 1


def test_confirming_twice_moves_once(raised: Raise) -> None:
    raised.subscribe()
    raised.raise_price()
    move_id = raised.begin()
    raised.choose(move_id)
    raised.work()
    seal = raised.seal(move_id)
    for _ in range(2):
        with transaction() as session:
            confirmation.confirm(session, move_id, seal, "", staff_id=raised.staff_id)
        raised.work()

    assert (raised.states(move_id), len(raised.schedules()), len(raised.mails())) == (["scheduled"], 1, 1)


def test_what_was_not_shown_is_not_confirmed(raised: Raise) -> None:
    raised.subscribe()
    raised.raise_price()
    move_id = raised.begin()
    raised.choose(move_id)
    with pytest.raises(Refusal, match="not all known"):
        raised.confirm(move_id)
    raised.work()
    shown = raised.seal(move_id)
    with transaction() as session:
        moves.rows_of(session, move_id)[0].will_pay_minor = 2100

    with pytest.raises(Conflict, match="look again"), transaction() as session:
        confirmation.confirm(session, move_id, shown, "", staff_id=raised.staff_id)
    assert raised.move(move_id).state == "review"
