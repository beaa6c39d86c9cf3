"""Trials: with a card the first invoice is paid at their end; without one the plan's own rule holds."""

import pytest

from billingportal.models.auth.staff import Staff
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import stock
from tests.support.stripe.worlds import World

pytestmark = [pytest.mark.parametrize("databases", ["sqlite"], indirect=True), pytest.mark.timeout(300)]


@pytest.mark.parametrize("end", ["pause", "cancel"])
def test_a_trial_without_a_card_ends_as_the_plan_says(world: World, owner: Staff, end: str) -> None:
    plan = stock(world, owner).plan(
        "flat", "licensed", ("month",), trial_days=14, trial_needs_card=False, trial_end=end
    )
    rehearsal_id = rehearsed.start(plan, only=[("month", "usd")])
    rehearsed.run()

    steps = rehearsed.played(rehearsal_id)
    odd = [line for step in steps for line in step.odd()]
    assert odd == []
    assert {"trial_end", "trial_card", "renewal"} <= {step.kind for step in steps if step.verdict == "passed"}


@pytest.mark.parametrize(("duration", "left"), [("forever", "US$7.25"), ("once", "US$0.00")])
def test_a_coupon_is_taken_off_as_long_as_it_runs(world: World, owner: Staff, duration: str, left: str) -> None:
    made = stock(world, owner)
    plan = made.plan("flat", "licensed", ("month",))
    coupon = made.catalog.client.v1.coupons.create(params={"percent_off": 25, "duration": duration})
    rehearsal_id = rehearsed.start(plan, is_quick=True, only=[("month", "usd")], coupon=str(coupon.id))
    rehearsed.run()

    steps = rehearsed.played(rehearsal_id)
    odd = [line for step in steps for line in step.odd()]
    assert odd == []
    seen = {step.kind: row["expected"] for step in steps for row in step.checks if row["key"] == "invoice.discount"}
    assert seen == {"first_invoice": "US$7.25", "renewal": left}
