"""How each plan stands: its last rehearsal, and what has changed since its last one that passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from billingportal.domain.rehearsal.report.plan_snapshots import Change, changes_between, snapshot_of
from billingportal.models import Rehearsal, RehearsalLife
from billingportal.models.rehearsal.rehearsal import Verdict
from billingportal.plain_json import JsonObject


@dataclass(frozen=True)
class LastRehearsal:
    """A plan's part in one rehearsal that has ended."""

    rehearsal_id: int
    verdict: Verdict
    is_quick: bool
    ended_at: datetime


@dataclass(frozen=True)
class PlanRehearsed:
    """`last` is None for a plan that was never rehearsed. `changes`: since its last full rehearsal that passed."""

    plan_id: int
    name: str
    last: LastRehearsal | None = None
    passed: LastRehearsal | None = None
    changes: tuple[Change, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether its last rehearsal passed, in full, and nothing has changed since."""
        return self.passed is not None and self.passed == self.last and not self.changes


def changes_since(session: Session, account_id: int) -> dict[int, PlanRehearsed]:
    """Each plan that is for sale in this account now, by id, in their order."""
    present = snapshot_of(session, account_id)
    ended = session.scalars(
        select(Rehearsal)
        .where(Rehearsal.processor_account_id == account_id, Rehearsal.state == "finished")
        .order_by(Rehearsal.id.desc())
        .options(defer(Rehearsal.report))
    ).all()
    verdicts = plan_verdicts(session, [row.id for row in ended])
    return {int(plan_id): stand_of(int(plan_id), present, ended, verdicts) for plan_id in present}


Verdicts = dict[tuple[int, int], Verdict]


def plan_verdicts(session: Session, rehearsal_ids: list[int]) -> Verdicts:
    """The verdict of each plan in each rehearsal: failed where one of its lives failed, passed where all did."""
    rows = session.scalars(
        select(RehearsalLife).where(RehearsalLife.rehearsal_id.in_(rehearsal_ids)).order_by(RehearsalLife.id)
    )
    # Of a life that was begun anew, the last attempt counts.
    newest = {(one.rehearsal_id, one.plan_id, one.interval, one.interval_count, one.currency): one for one in rows}
    found: dict[tuple[int, int], list[Verdict | None]] = {}
    for life in newest.values():
        found.setdefault((life.rehearsal_id, life.plan_id), []).append(life.verdict)
    return {key: worst(verdicts) for key, verdicts in found.items()}


def worst(verdicts: list[Verdict | None]) -> Verdict:
    if "failed" in verdicts:
        return "failed"
    return "passed" if all(one == "passed" for one in verdicts) else "not_provable"


def stand_of(plan_id: int, present: JsonObject, ended: Sequence[Rehearsal], verdicts: Verdicts) -> PlanRehearsed:
    now = present[str(plan_id)]
    name = str(now["name"]) if isinstance(now, dict) else ""
    mine = [(row, last_of(row, verdicts[row.id, plan_id])) for row in ended if (row.id, plan_id) in verdicts]
    passed = next(((row, one) for row, one in mine if one.verdict == "passed" and not one.is_quick), None)
    return PlanRehearsed(
        plan_id,
        name,
        mine[0][1] if mine else None,
        passed[1] if passed else None,
        tuple(changes_between(passed[0].snapshot.get(str(plan_id)), now)) if passed else (),
    )


def last_of(row: Rehearsal, verdict: Verdict) -> LastRehearsal:
    return LastRehearsal(row.id, verdict, row.is_quick, row.ended_at or row.created_at)
