"""Everything agrees only while every check is finished and not overdue."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.health.agreement import Agreement, agreement
from billingportal.domain.health.findings import connection, machine
from billingportal.models import HealthCheck, HealthFinding, JobRun, ProcessorAccount
from tests.support.health.checks import beat, check_account, connect, run_checks
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


# Those that need no full read of the account.
QUICK = (*connection.CHECKS, *machine.CHECKS)


def agreed(world: World) -> Agreement:
    return agreement(world.session, "test", QUICK)


@pytest.fixture
def green(world: World) -> World:
    """Connected, and every check has agreed."""
    connect(world)
    beat(world)
    run_checks(world, QUICK)
    assert agreed(world).state == "green"
    return world


def test_without_an_account_nothing_is_compared(world: World) -> None:
    assert agreed(world).state == "unconnected"


def test_right_after_connecting_nothing_is_known(world: World) -> None:
    world.connect()
    beat(world)
    assert agreed(world).state == "unknown"


def test_all_checks_agree_once_everything_was_read(world: World) -> None:
    world.connect()
    world.work()
    beat(world)
    run_checks(world)
    assert [(one.check.name, one.problem) for one in agreement(world.session, "test").unknown] == []
    assert agreement(world.session, "test").state == "green"


def test_as_of_is_the_oldest_moment_that_a_check_stands_for(green: World) -> None:
    asked_at = now() - timedelta(minutes=4)
    with transaction() as session:
        session.execute(update(ProcessorAccount).values(checked_at=asked_at))
    run_checks(green, QUICK)
    assert agreed(green).as_of == asked_at


def forget_a_check(session_of: World) -> None:
    with transaction() as session:
        session.delete(session.get_one(HealthCheck, QUICK[0].name))


def make_overdue(_: World) -> None:
    with transaction() as session:
        session.get_one(HealthCheck, QUICK[0].name).due_at = now() - timedelta(minutes=2)


def set_the_clock_back(_: World) -> None:
    with transaction() as session:
        session.get_one(HealthCheck, QUICK[0].name).due_at = now() + timedelta(days=1)


def break_a_check(_: World) -> None:
    with transaction() as session:
        session.get_one(HealthCheck, QUICK[0].name).state = "unknown"


@pytest.mark.parametrize("spoil", [forget_a_check, make_overdue, set_the_clock_back, break_a_check])
def test_one_check_that_does_not_count_is_enough(green: World, spoil: Callable[[World], None]) -> None:
    spoil(green)
    assert agreed(green).state == "unknown"
    assert len(agreed(green).unknown) == 1


def test_with_stripe_cut_off_nothing_is_known(green: World) -> None:
    green.sandbox.control("faults", kind="drop")
    check_account(green)
    run_checks(green, QUICK)
    assert agreed(green).state != "green"


def test_with_the_worker_stopped_the_line_says_so_by_itself(green: World) -> None:
    with transaction() as session:
        session.execute(update(JobRun).values(reported_at=now() - timedelta(minutes=2)))
    assert (agreed(green).state, agreed(green).worst, agreed(green).total) == ("findings", "access", 1)
    with transaction() as session:
        session.execute(update(HealthCheck).values(due_at=now() - timedelta(minutes=2)))
    assert len(agreed(green).unknown) == len(agreed(green).checks)


def finding(**more: object) -> HealthFinding:
    moment = now()
    given = {"key": "disk.low", "severity": "soon", "title": "T", "meaning": "M", "action": {}, "snooze_reason": ""}
    times = {"first_seen_at": moment, "last_seen_at": moment, "raised_at": moment}
    return HealthFinding(**{**given, **times, "seen_in_a_row": 2, "times_raised": 1, "subject": "", **more})


@pytest.mark.parametrize(
    ("more", "state", "snoozed"),
    [
        ({}, "findings", 0),
        ({"mode": "test"}, "findings", 0),
        ({"mode": "live"}, "green", 0),
        ({"gone_at": now()}, "green", 0),
        ({"raised_at": None}, "green", 0),
        ({"severity": "note"}, "green", 0),
        ({"snoozed_until": now() + timedelta(days=1)}, "green", 1),
        ({"snoozed_until": now() - timedelta(days=1)}, "findings", 0),
        ({"snoozed_until": now() + timedelta(days=1), "severity": "money"}, "findings", 0),
    ],
)
def test_what_counts_as_a_finding(green: World, more: dict[str, object], state: str, snoozed: int) -> None:
    with transaction() as session:
        session.add(finding(**more))
    assert (agreed(green).state, agreed(green).snoozed) == (state, snoozed)
