"""Runs the checks of health, and reads what stands."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.connection.processor_accounts import request_check
from billingportal.domain.health.findings import runner
from billingportal.domain.health.findings.check import Check
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.findings.store import standing
from billingportal.jobs.connection import check_accounts
from billingportal.jobs.health import surroundings_of
from billingportal.jobs.sync import catch_up
from billingportal.models import HealthCheck, HealthFinding, JobRun, ProcessorAccount
from tests.support.stripe.worlds import World


def run_checks(world: World, checks: Sequence[Check] = CHECKS, times: int = 1) -> None:
    """Run these checks now, whether they are due or not."""
    surroundings = surroundings_of(world.portal)
    for _ in range(times):
        with transaction() as session:
            runner.request(session, checks)
        runner.run_due(surroundings, checks)


def checks_of(key: str) -> list[Check]:
    return [check for check in CHECKS if key in check.keys]


def found(world: World, key: str) -> HealthFinding | None:
    """The one finding that stands under a key."""
    rows = standing(world.session, [key])
    assert len(rows) <= 1
    return rows[0] if rows else None


def check_row(world: World, name: str) -> HealthCheck:
    return world.session.get_one(HealthCheck, name)


def beat(world: World) -> None:
    """A worker reports."""
    with transaction() as session:
        session.merge(JobRun(name="beat", reported_at=now(), failures_in_a_row=0, last_error=""))


def connect(world: World, key: str | None = None) -> None:
    """An account is connected, was checked once and read from Stripe. No other job has run, which is quick."""
    world.connect(key)
    check_accounts(world.portal)
    catch_up(world.portal)


def check_account(world: World) -> None:
    """Ask Stripe about the accounts now, and repair the registrations."""
    with transaction() as session:
        for row in session.scalars(select(ProcessorAccount).where(ProcessorAccount.state == "connected")):
            request_check(row, now())
    check_accounts(world.portal)


def all_agree() -> None:
    """Every check was finished just now and found nothing, and a worker reports. Quicker than to run them."""
    moment = now()
    with transaction() as session:
        for check in CHECKS:
            due_at = moment + timedelta(seconds=check.seconds)
            times = {"as_of": moment, "started_at": moment, "ended_at": moment, "due_at": due_at}
            session.merge(HealthCheck(name=check.name, state="finished", problem="", **times))
        session.merge(JobRun(name="beat", reported_at=moment, failures_in_a_row=0, last_error=""))
