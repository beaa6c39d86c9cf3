"""Whole lives: trials, changes of plan, failing cards and cancellations, with every step passed."""

import pytest

from billingportal.domain.plans.terms import Limit
from billingportal.models import Plan
from billingportal.models.auth.staff import Staff
from billingportal.models.rehearsal.visibility import full_transaction as transaction
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import stock
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.timeout(600)

FULL = {"upgrade", "downgrade", "downgraded", "card_fails", "repair", "cancel", "keep", "end", "use", "renewal"}


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_a_life_passes_on_postgresql_too(world: World, owner: Staff) -> None:
    plan = stock(world, owner).plan("graduated", "metered", ("month",))
    rehearsal_id = rehearsed.start(plan, is_quick=True, only=[("month", "usd")])
    rehearsed.run()

    steps = rehearsed.played(rehearsal_id)
    odd = [line for step in steps for line in step.odd()]
    assert odd == []
    assert {"use", "renewal"} <= {step.kind for step in steps if step.verdict == "passed"}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_whole_life_between_two_plans_passes(world: World, owner: Staff) -> None:
    made = stock(world, owner)
    contacts = resource_id(world.session, "contacts")
    new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    with transaction() as session:
        session.query(Plan).one().is_default = True
    made.plan("flat", "licensed")
    plan = made.plan("graduated", "metered")
    made.plan("graduated", "metered")

    rehearsal_id = rehearsed.start(plan, only=[("month", "usd")])
    rehearsed.run()

    steps = rehearsed.played(rehearsal_id)
    assert [line for step in steps for line in step.odd()] == []
    assert {step.kind for step in steps if step.verdict == "passed"} >= FULL
