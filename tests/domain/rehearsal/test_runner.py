"""Rehearsals that end otherwise: a clock that Stripe gives up, clocks left behind, and one rehearsal at a time."""

from datetime import datetime

import pytest

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.rehearsal import cleanup
from billingportal.domain.rehearsal.stage import LABEL
from billingportal.errors import Conflict
from billingportal.models import Rehearsal, RehearsalLife
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.requests.test_mode.test_clocks import TestClocks
from tests.support.people.clients import connection
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import stock
from tests.support.stripe.worlds import World

pytestmark = [pytest.mark.parametrize("databases", ["sqlite"], indirect=True), pytest.mark.timeout(300)]


def test_a_clock_that_stripe_gives_up_ends_its_life_alone(
    world: World, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stock(world, owner)
    plans = [made.plan("flat", "licensed", ("month",)) for _ in range(2)]
    rehearsal_id = rehearsed.start(*plans, is_quick=True, only=[("month", "usd")])
    advance = TestClocks.advance

    def fail_first(self: TestClocks, clock_id: str, to: datetime, key: str) -> None:
        monkeypatch.setattr(TestClocks, "advance", advance)
        world.sandbox.control("clocks/fail", account=world.stripe_account.id, mode="test", test_clock=clock_id)
        advance(self, clock_id, to, key)

    monkeypatch.setattr(TestClocks, "advance", fail_first)
    rehearsed.run()

    lives = db.session().query(RehearsalLife).filter(RehearsalLife.started_at.is_not(None)).all()
    problems = {life.plan_id: life.problem for life in lives}
    assert "internal_failure" in problems[plans[0]]
    assert problems[plans[1]] == ""
    passed = [step.kind for step in rehearsed.played(rehearsal_id) if step.verdict == "passed"]
    assert passed.count("renewal") == 1
    assert db.session().get_one(Rehearsal, rehearsal_id).verdict == "not_provable"


def test_clocks_left_behind_are_deleted_after_a_day(world: World, owner: Staff) -> None:
    plan = stock(world, owner).plan("flat", "licensed", ("month",))
    rehearsed.start(plan)
    account, gateway = connection()
    left = gateway.test_clocks.create(f"{LABEL}, life 99", clock.now(), "left")
    other = gateway.test_clocks.create("Somebody's own", clock.now(), "other")
    assert cleanup.delete_left_behind(transaction, gateway) == 0
    world.sandbox.control("clocks/age", account=world.stripe_account.id, mode="test", seconds=2 * 24 * 3600)

    assert cleanup.accounts_to_search(db.session()) == [account.id]
    assert cleanup.delete_left_behind(transaction, gateway) == 1
    assert left != other
    assert [one.stripe_test_clock_id for one in gateway.test_clocks.all()] == [other]


def test_one_rehearsal_of_an_account_runs_at_a_time(world: World, owner: Staff) -> None:
    plan = stock(world, owner).plan("flat", "licensed", ("month",))
    rehearsed.start(plan)

    with pytest.raises(Conflict, match="under way"):
        rehearsed.start(plan)
