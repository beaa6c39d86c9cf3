"""Whether everything agrees with Stripe, as of when, and what is unknown.

It is worked out from the ages of rows whenever it is shown, so that it is right also while no worker runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.due_times import SKEW
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.health.findings.check import Check
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.findings.keys import BY_WEIGHT
from billingportal.domain.health.findings.machine.worker import worker_gone
from billingportal.domain.health.findings.store import IS_STANDING, of_mode
from billingportal.models import HealthCheck, HealthFinding
from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.models.health.health_finding import Severity

AgreementState = Literal["unconnected", "green", "findings", "unknown"]
# A run may begin this much late and take this long before its check counts as overdue.
GRACE = timedelta(seconds=90)
NOT_YET = "It has not been checked yet."
UNFINISHED = "It could not be finished."
OVERDUE = "It is overdue: the background worker has not run it."


@dataclass(frozen=True)
class CheckState:
    """A check with its last result. `problem` says why it does not count, empty while it does."""

    check: Check
    as_of: datetime | None
    problem: str
    next_at: datetime | None
    is_running: bool

    @property
    def is_known(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Agreement:
    """`counts` are the findings that stand, by severity, without those that are snoozed.

    `as_of` is the oldest of the moments that the finished checks stand for. `green`: every check is finished and not
    overdue, and nothing but notes was found.
    """

    state: AgreementState
    as_of: datetime | None
    counts: dict[Severity, int]
    snoozed: int
    checks: tuple[CheckState, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def worst(self) -> Severity | None:
        return next((severity for severity in BY_WEIGHT if self.counts.get(severity)), None)

    @property
    def unknown(self) -> tuple[CheckState, ...]:
        """The checks that could not be finished, or are overdue."""
        return tuple(one for one in self.checks if not one.is_known)


def agreement(session: Session, mode: Mode, checks: Sequence[Check] = CHECKS) -> Agreement:
    """What the last checks say about a mode. Never green unless every one of them is finished and not overdue."""
    account = connected(session, mode)
    if account is None:
        return Agreement("unconnected", None, {}, 0, ())
    moment = now()
    states = check_states(session, [check for check in checks if check.mode in (None, mode)])
    counts, snoozed = count_findings(session, mode, moment)
    if worker_gone(session, moment) is not None:
        counts["access"] = counts.get("access", 0) + 1
    moments = [one.as_of for one in states if one.as_of is not None]
    return Agreement(state_of(counts, states), min(moments, default=None), counts, snoozed, states)


def state_of(counts: dict[Severity, int], states: Sequence[CheckState]) -> AgreementState:
    if any(counts.get(severity) for severity in BY_WEIGHT if severity != "note"):
        return "findings"
    return "green" if states and all(one.is_known for one in states) else "unknown"


def check_states(session: Session, checks: Sequence[Check]) -> tuple[CheckState, ...]:
    """What is known of these checks; of those about a mode, since its account was connected."""
    rows = {row.name: row for row in session.scalars(select(HealthCheck))}
    accounts = {mode: connected(session, mode) for mode in MODES}
    moment = now()
    begins = {mode: (account and account.connected_at) or moment for mode, account in accounts.items()}
    return tuple(
        check_state(check, rows.get(check.name), begins[check.mode] if check.mode else None) for check in checks
    )


def check_state(check: Check, row: HealthCheck | None, connected_at: datetime | None) -> CheckState:
    if row is None:
        return CheckState(check, None, NOT_YET, None, is_running=False)
    return CheckState(check, row.as_of, problem_of(check, row, connected_at), row.due_at, is_running(row))


def is_running(row: HealthCheck) -> bool:
    return row.ended_at is None or row.started_at > row.ended_at


def problem_of(check: Check, row: HealthCheck, connected_at: datetime | None) -> str:
    """Why the check does not count, empty while it does."""
    if row.state == "unknown":
        return row.problem or UNFINISHED
    # While it runs again, only what its result stands for says when that run began.
    begun = row.as_of or row.started_at if is_running(row) else row.started_at
    if connected_at is not None and begun < connected_at:
        return NOT_YET  # It ran while nothing was connected, and had nothing to look at.
    return OVERDUE if is_overdue(check, row, now()) else ""


def is_overdue(check: Check, row: HealthCheck, moment: datetime) -> bool:
    """A due time further ahead than one interval was written by a clock that was ahead, and proves nothing."""
    pause = timedelta(seconds=check.seconds)
    return moment > row.due_at + GRACE or row.due_at > moment + pause + SKEW


def count_findings(session: Session, mode: Mode, moment: datetime) -> tuple[dict[Severity, int], int]:
    """The standing findings by severity, and how many are snoozed."""
    is_aside = and_(HealthFinding.severity != "money", HealthFinding.snoozed_until > moment)
    aside = case((is_aside, 1), else_=0)
    rows = session.execute(
        select(HealthFinding.severity, aside, func.count())
        .where(IS_STANDING, of_mode(mode))
        .group_by(HealthFinding.severity, aside)
    ).all()
    return {row[0]: row[2] for row in rows if not row[1]}, sum(row[2] for row in rows if row[1])
