"""A finding is raised, comes and goes, and stays one row."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.health.findings.check import CannotCheck, Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.store import is_snoozed, standing
from billingportal.models import HealthFinding
from billingportal.stripe_gateway.errors import StripeUnreachable
from tests.support.health.checks import beat, check_row, run_checks
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
SEE = Action("See", "page", "processor")


class Eye:
    """A check whose outcome a test decides."""

    def __init__(self, key: str) -> None:
        self.sees: tuple[Found, ...] | Exception = ()
        self.key = key

    def look(self, _: Surroundings) -> Result:
        if isinstance(self.sees, Exception):
            raise self.sees
        return Result(self.sees, now())

    @property
    def check(self) -> Check:
        return Check("eye", "An eye", "machine", (self.key,), 60, partial(Eye.look, self))

    def find(self, *subjects: str) -> None:
        self.sees = tuple(Found(self.key, f"Trouble {one}", "It costs $1.", SEE, one) for one in subjects)


def seen(world: World) -> list[str]:
    return [row.subject for row in standing(world.session, ["inbox.failed", "disk.low", "price.drift"])]


def look(world: World, eye: Eye, times: int = 1) -> None:
    run_checks(world, [eye.check], times)


@one_database
@pytest.mark.parametrize(("key", "checks"), [("price.drift", 1), ("inbox.failed", 1), ("disk.low", 2)])
def test_money_and_access_are_raised_at_once_and_the_rest_by_the_second_check(
    world: World, key: str, checks: int
) -> None:
    eye = Eye(key)
    eye.find("a")
    for number in (1, 2):
        look(world, eye)
        assert seen(world) == (["a"] if number >= checks else [])
    eye.find()
    look(world, eye)
    assert seen(world) == []


@one_database
def test_the_checks_that_raise_a_finding_are_two_in_a_row(world: World) -> None:
    eye = Eye("disk.low")
    for _ in range(3):
        eye.find("a")
        look(world, eye)
        eye.find()
        look(world, eye)
    assert seen(world) == []


def test_a_finding_that_comes_and_goes_is_one_row_with_a_count(world: World) -> None:
    eye = Eye("inbox.failed")
    for _ in range(4):
        eye.find("a")
        look(world, eye, times=2)
        eye.find()
        look(world, eye)
    eye.find("a")
    look(world, eye)
    (row,) = world.session.scalars(select(HealthFinding)).all()
    assert (row.times_raised, row.gone_at, row.seen_in_a_row) == (5, None, 1)


@one_database
@pytest.mark.parametrize("problem", [CannotCheck("Stripe is away."), StripeUnreachable("Stripe is away.")])
def test_a_check_that_cannot_be_finished_is_unknown_and_keeps_what_it_knew(world: World, problem: Exception) -> None:
    eye = Eye("inbox.failed")
    eye.find("a")
    look(world, eye)
    before = check_row(world, "eye").as_of
    eye.sees = problem
    look(world, eye)
    row = check_row(world, "eye")
    assert (row.state, row.problem, row.as_of) == ("unknown", "Stripe is away.", before)
    assert seen(world) == ["a"]


@one_database
def test_a_check_that_breaks_is_unknown_and_its_error_reaches_the_log(world: World) -> None:
    eye = Eye("inbox.failed")
    eye.find("a")
    look(world, eye)
    eye.sees = ZeroDivisionError("a fault of ours")
    with pytest.raises(ZeroDivisionError):
        look(world, eye)
    assert check_row(world, "eye").state == "unknown"
    assert "an error of the portal itself" in check_row(world, "eye").problem
    assert seen(world) == ["a"]


@one_database
def test_a_check_that_finds_what_is_not_its_own_is_unknown(world: World) -> None:
    eye = Eye("inbox.failed")
    eye.sees = (Found("price.drift", "Not mine", "", SEE),)
    with pytest.raises(ValueError, match=r"may not find price\.drift"):
        look(world, eye)
    assert check_row(world, "eye").state == "unknown"
    assert seen(world) == []


@one_database
def test_the_same_thing_found_twice_is_a_fault(world: World) -> None:
    eye = Eye("inbox.failed")
    eye.find("a", "a")
    with pytest.raises(ValueError, match="twice"):
        look(world, eye)


@one_database
def test_what_becomes_worse_wakes_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    eye = Eye("disk.low")
    eye.find("a")
    look(world, eye, times=2)
    with transaction() as session:
        session.scalars(select(HealthFinding)).one().snoozed_until = now() + timedelta(days=1)
    look(world, eye)
    assert is_snoozed(world.session.scalars(select(HealthFinding)).one(), now())
    monkeypatch.setattr("billingportal.domain.health.findings.store.SEVERITY", {"disk.low": "money"})
    look(world, eye)
    assert not is_snoozed(world.session.scalars(select(HealthFinding)).one(), now())


@one_database
def test_a_worker_that_is_gone_is_found_without_any_check(world: World) -> None:
    assert [row.title for row in standing(world.session)] == ["The background worker has never run"]
    beat(world)
    assert standing(world.session) == []
