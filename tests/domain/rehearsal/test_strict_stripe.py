"""Stripe as slow and strict as it is: clocks that take their time or fail, 25 calls a second, events in any order."""

import pytest

from billingportal.db import db, transaction
from billingportal.domain.rehearsal import cleanup
from billingportal.domain.rehearsal.stage import LABEL
from billingportal.models import RehearsalLife
from billingportal.models.auth.staff import Staff
from tests.support.people.clients import connection
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import stock
from tests.support.stripe.worlds import World

pytestmark = [pytest.mark.parametrize("databases", ["sqlite"], indirect=True), pytest.mark.timeout(600)]


def verdicts(rehearsal_id: int) -> dict[str, set[str | None]]:
    """Of each life that was played, the verdicts of its steps."""
    steps = rehearsed.played(rehearsal_id)
    return {
        life: {one.verdict for one in steps if one.life == life} for life in dict.fromkeys(one.life for one in steps)
    }


def test_a_clock_that_takes_its_time_is_waited_for(reached: World, owner: Staff) -> None:
    plan = stock(reached, owner).plan("per_unit", "metered", ("month",))
    reached.sandbox.control("clocks", advance_seconds=0.3)
    reached.sandbox.control("rate_limits", account=reached.stripe_account.id, test=25)
    rehearsal_id = rehearsed.start(plan, is_quick=True, only=[("month", "usd")])
    rehearsed.run()
    assert [line for step in rehearsed.played(rehearsal_id) for line in step.odd()] == []
    assert list(verdicts(rehearsal_id).values()) == [{"passed", "left_out"}]


def test_a_clock_that_fails_ends_its_own_life_alone(reached: World, owner: Staff) -> None:
    made = stock(reached, owner)
    plans = [made.plan("flat", "licensed", ("month",)) for _ in range(2)]
    reached.sandbox.control("clocks", fail_next=1)
    rehearsal_id = rehearsed.start(*plans, is_quick=True, only=[("month", "usd")])
    rehearsed.run()
    first, second = verdicts(rehearsal_id).values()
    assert "failed" not in first
    assert "not_provable" in first
    assert second == {"passed", "left_out"}
    problems = [life.problem for life in db.session().query(RehearsalLife).order_by(RehearsalLife.id) if life.problem]
    assert len(problems) == 1
    assert "internal_failure" in problems[0]
    clocks = reached.sandbox.objects(reached.stripe_account.id, "test", "test_helpers.test_clock")
    assert [clock.get("deleted") for clock in clocks] == [True, True]


def test_an_event_that_comes_late_is_no_fault(reached: World, owner: Staff) -> None:
    plan = stock(reached, owner).plan("flat", "licensed", ("month",))
    where = {"account": reached.stripe_account.id, "mode": "test"}
    reached.sandbox.control("plant", **where, fault="webhook_late", type="invoice.finalized", count=2)
    rehearsal_id = rehearsed.start(plan, is_quick=True, only=[("month", "usd")])
    rehearsed.run()
    assert [line for step in rehearsed.played(rehearsal_id) for line in step.odd()] == []


def test_what_was_left_behind_is_deleted_after_a_day_and_what_is_the_partners_is_not(
    reached: World, owner: Staff
) -> None:
    stock(reached, owner)
    where = {"account": reached.stripe_account.id, "mode": "test"}
    sdk = reached.sandbox.client(reached.stripe_account.test_key)
    for name, coupon in ((LABEL, "old"), (LABEL, "new"), ("Spring", "own")):
        sdk.v1.coupons.create(params={"id": coupon, "percent_off": 20, "duration": "forever", "name": name})
    clocks = {
        name: sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": 1_893_456_000, "name": name}).id
        for name in (f"{LABEL}, life 1", "Renewals")
    }
    sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": 1_893_456_000, "name": f"{LABEL}, life 2"})
    for coupon in ("old", "own"):
        reached.sandbox.control("objects/change", **where, type="coupon", id=coupon, changes={"created": 1_700_000_000})
    for clock in clocks.values():
        reached.sandbox.control("clocks/age", **where, test_clock=clock, seconds=25 * 3600)
    _, gateway = connection()
    assert cleanup.delete_left_behind(transaction, gateway) == 1
    assert {one.id for one in sdk.v1.coupons.list()} == {"new", "own"}
    assert {one.name for one in sdk.v1.test_helpers.test_clocks.list()} == {"Renewals", f"{LABEL}, life 2"}
