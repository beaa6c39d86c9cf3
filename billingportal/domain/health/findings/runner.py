"""Runs the checks that are due, and stores what they found or why they could not be finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.due_times import SKEW
from billingportal.domain.health.findings.check import CannotCheck, Check, Result, Surroundings
from billingportal.domain.health.findings.store import record, refuse_foreign
from billingportal.models import HealthCheck, ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.vault import CannotOpen

# A run that is under way belongs to its worker for this long; then another may start it anew.
LEASE = timedelta(minutes=15)
# After a run that could not be finished the next comes soon.
AFTER_A_PROBLEM = timedelta(seconds=60)
Since = dict[Mode, datetime]
BROKEN = "The check ended with an error of the portal itself. The log of the worker says which."


@dataclass(frozen=True)
class Claim:
    """One run of a check, taken by this worker."""

    check: Check
    started_at: datetime


def run_due(surroundings: Surroundings, checks: Sequence[Check]) -> None:
    """Run every due check. An unexpected error of one is raised once its result is stored; the others follow in the
    next call."""
    with surroundings.reading() as session:
        since = connected_since(session)
        due = [check for check in checks if is_due(session.get(HealthCheck, check.name), check, now(), since)]
    for check in due:
        with surroundings.transaction() as session:
            started_at = claim(session, check, now(), since)
        if started_at is not None:
            run(surroundings, Claim(check, started_at))


def connected_since(session: Session) -> Since:
    """When the connected accounts were connected, by their modes."""
    rows = session.scalars(select(ProcessorAccount).where(ProcessorAccount.state == "connected"))
    return {row.mode: row.connected_at for row in rows if row.connected_at is not None}


def claim(session: Session, check: Check, moment: datetime, since: Since) -> datetime | None:
    """Take the check's next run, if it is due and no worker is at it. Returns when it started."""
    row = session.scalar(select(HealthCheck).where(HealthCheck.name == check.name).with_for_update())
    if row is None:
        row = HealthCheck(name=check.name, state="unknown", problem="Not checked yet.", due_at=moment)
        session.add(row)
    elif not is_due(row, check, moment, since):
        return None
    row.started_at = moment
    return moment


def is_due(row: HealthCheck | None, check: Check, moment: datetime, since: Since) -> bool:
    """Whether its time has come, or its account was connected since it ran, and no worker is at it.

    A start or a due time far ahead was written by a clock that was ahead, and counts for nothing.
    """
    if row is None:
        return True
    is_running = row.ended_at is None or row.started_at > row.ended_at
    if is_running and moment - LEASE < row.started_at <= moment + SKEW:
        return False
    if check.mode is not None and row.started_at < since.get(check.mode, row.started_at):
        return True
    return not moment < row.due_at <= moment + timedelta(seconds=check.seconds) + AFTER_A_PROBLEM + SKEW


def run(surroundings: Surroundings, claimed: Claim) -> None:
    """Run a claimed check and store the outcome, whatever happens in it: an unexpected error is raised afterwards."""
    outcome: Result | str = BROKEN
    try:
        result = claimed.check.run(surroundings)
        refuse_foreign(claimed.check, result.found)
        outcome = result
    except (CannotCheck, StripeProblem, CannotOpen) as problem:
        outcome = str(problem)
    finally:
        with surroundings.transaction() as session:
            end(session, claimed, outcome)


def end(session: Session, claimed: Claim, outcome: Result | str) -> None:
    """Store the outcome. A text says why the check could not be finished: what it knew before stays."""
    check, moment = claimed.check, now()
    row = session.scalar(select(HealthCheck).where(HealthCheck.name == check.name).with_for_update())
    if row is None or row.started_at != claimed.started_at:
        return  # The lease ran out, and another worker has begun.
    row.ended_at = moment
    if isinstance(outcome, str):
        row.state, row.problem = "unknown", outcome
        row.due_at = moment + min(timedelta(seconds=check.seconds), AFTER_A_PROBLEM)
        return
    row.state, row.problem, row.as_of = "finished", "", outcome.as_of
    row.due_at = moment + timedelta(seconds=check.seconds)
    record(session, check, outcome.found)


def request(session: Session, checks: Sequence[Check]) -> None:
    """Have the worker run these checks at once, and ask Stripe about the accounts where a check reads its answer."""
    moment = now()
    if any(check.group == "connection" for check in checks):
        connected = ProcessorAccount.state == "connected"
        for account in session.scalars(select(ProcessorAccount).where(connected).with_for_update()):
            account.next_check_at = moment
    names = [check.name for check in checks]
    for row in session.scalars(select(HealthCheck).where(HealthCheck.name.in_(names)).with_for_update()):
        row.due_at = moment
