"""Stores what checks found: a finding is raised, counted and gone, and its row stays."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select, true
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.health.findings.check import Check
from billingportal.domain.health.findings.finding import Found
from billingportal.domain.health.findings.keys import BY_WEIGHT, RAISED_AFTER, SEVERITY, weight
from billingportal.domain.health.findings.machine.worker import WORKER_GONE, heartbeat, worker_gone
from billingportal.models import HealthFinding
from billingportal.models.connection.processor_account import Mode
from billingportal.models.health.health_finding import Severity

# A finding that comes back within this time is the same trouble: it is not emailed again.
SAME_TROUBLE = timedelta(days=1)
IS_STANDING = HealthFinding.raised_at.is_not(None) & HealthFinding.gone_at.is_(None)
WEIGHT = case({severity: weight(severity) for severity in BY_WEIGHT}, value=HealthFinding.severity)


def standing(
    session: Session, keys: Sequence[str] | None = None, mode: Mode | None = None, limit: int | None = None
) -> list[HealthFinding]:
    """The findings that stand now, the worst and oldest first; snoozed ones too. At most `limit`.

    With a mode: those of this mode, and those that belong to none. A worker that is gone is among them without a row:
    nobody is there to write one.
    """
    found = select(HealthFinding).where(IS_STANDING, of_mode(mode)).order_by(WEIGHT, HealthFinding.first_seen_at)
    rows = list(session.scalars((found if keys is None else found.where(HealthFinding.key.in_(keys))).limit(limit)))
    if keys is None or WORKER_GONE in keys:
        rows += without_row(session)
    return sorted(rows, key=lambda row: weight(row.severity))


def seen_once(session: Session, mode: Mode) -> frozenset[str]:
    """The keys of what was seen and is not raised yet: the next run of its check tells. It is no agreement either."""
    is_waiting = (HealthFinding.seen_in_a_row > 0) & ~IS_STANDING
    return frozenset(session.scalars(select(HealthFinding.key).where(is_waiting, of_mode(mode))))


def without_row(session: Session) -> list[HealthFinding]:
    """The findings that are worked out when they are shown."""
    moment = now()
    found = worker_gone(session, moment)
    if found is None:
        return []
    row = HealthFinding(key=found.key, subject="", seen_in_a_row=0, times_raised=0, snooze_reason="")
    see(row, found, heartbeat(session) or moment)
    return [row]


def count_of_mode(session: Session, mode: Mode) -> int:
    """How many findings stand in this mode alone."""
    mine = select(func.count()).select_from(HealthFinding).where(IS_STANDING, HealthFinding.mode == mode)
    return session.scalar(mine) or 0


def of_mode(mode: Mode | None) -> ColumnElement[bool]:
    return true() if mode is None else or_(HealthFinding.mode.is_(None), HealthFinding.mode == mode)


def is_snoozed(row: HealthFinding, moment: datetime) -> bool:
    """Whether staff put it aside until later. A finding about money never is."""
    return row.severity != "money" and row.snoozed_until is not None and row.snoozed_until > moment


def record(session: Session, check: Check, found: Sequence[Found]) -> None:
    """Store what a finished check found, and end what it no longer finds."""
    moment = now()
    rows = {(row.key, row.subject): row for row in rows_of(session, check)}
    for one in found:
        row = rows.pop((one.key, one.subject), None)
        if row is None:
            row = HealthFinding(key=one.key, subject=one.subject, seen_in_a_row=0, times_raised=0)
            session.add(row)
        see(row, one, moment)
    for row in rows.values():
        lose(row, moment)


def refuse_foreign(check: Check, found: Sequence[Found]) -> None:
    """Raises ValueError for a finding that is not the check's own, or is there twice."""
    for one in found:
        if one.key not in check.keys or (check.mode is not None and one.mode != check.mode):
            raise ValueError(f"the check {check.name} may not find {one.key} ({one.mode})")
    if len({(one.key, one.subject) for one in found}) < len(found):
        raise ValueError(f"the check {check.name} found the same thing twice")


def rows_of(session: Session, check: Check) -> Sequence[HealthFinding]:
    """Every finding under the check's keys, also those that are gone."""
    mine = select(HealthFinding).where(HealthFinding.key.in_(check.keys)).with_for_update()
    return session.scalars(mine if check.mode is None else mine.where(HealthFinding.mode == check.mode)).all()


def see(row: HealthFinding, found: Found, moment: datetime) -> None:
    """Note that a check saw it; raise it once enough checks in a row have."""
    severity = SEVERITY[found.key]
    if row.seen_in_a_row == 0:
        row.first_seen_at = moment
    if row.snoozed_until is not None and is_worse(severity, row.severity):
        row.snoozed_until = None
    row.severity, row.mode = severity, found.mode
    row.title, row.meaning, row.action = found.title, found.meaning, found.action.as_json()
    row.last_seen_at = moment
    row.seen_in_a_row += 1
    is_up = row.raised_at is not None and row.gone_at is None
    if not is_up and row.seen_in_a_row >= RAISED_AFTER[severity]:
        raise_finding(row, moment)


def is_worse(severity: Severity, before: Severity) -> bool:
    return weight(severity) < weight(before)


def raise_finding(row: HealthFinding, moment: datetime) -> None:
    row.raised_at, row.gone_at = moment, None
    row.times_raised += 1
    if row.mailed_at is not None and row.mailed_at < moment - SAME_TROUBLE:
        row.mailed_at = None


def lose(row: HealthFinding, moment: datetime) -> None:
    """Note that a finished check no longer sees it: one is enough."""
    row.seen_in_a_row = 0
    if row.raised_at is not None and row.gone_at is None:
        row.gone_at = moment
