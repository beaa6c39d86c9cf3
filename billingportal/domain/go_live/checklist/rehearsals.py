"""Whether each plan's last rehearsal passed, and nothing of the plan changed since."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.offers.pricing_page import active_plans
from billingportal.domain.rehearsal.report.changed_since import changes_since
from billingportal.models import Plan, ProcessorAccount, Rehearsal, RehearsalLife


@dataclass(frozen=True)
class Rehearsed:
    """Reasons by plan name. `as_of` is the end of the oldest of the last rehearsals."""

    to_do: dict[str, str] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)
    as_of: datetime | None = None


def plans_to_rehearse(session: Session, account: ProcessorAccount) -> Rehearsed:
    """The plans for sale with a price in test mode whose last rehearsal does not count, with the reason."""
    found, ends = Rehearsed(), list[datetime]()
    for plan in active_plans(session):
        if not any(link.processor_account_id == account.id for link in plan.prices):
            continue
        last = last_rehearsal(session, account.id, plan)
        if last is None:
            found.to_do[plan.name] = "not rehearsed yet"
            continue
        ends.append(last.ended_at or last.created_at)
        verdicts = verdicts_of(session, last.id, plan.id)
        if "failed" in verdicts or None in verdicts:
            found.to_do[plan.name] = "its last rehearsal failed"
        elif "not_provable" in verdicts:
            found.untold[plan.name] = "its last rehearsal could not prove everything"
        else:
            note_changes(session, account, plan, found)
    return Rehearsed(found.to_do, found.untold, min(ends, default=None))


def note_changes(session: Session, account: ProcessorAccount, plan: Plan, found: Rehearsed) -> None:
    """Note what changed since the plan's last full rehearsal that passed."""
    since = changes_since(session, account.id).get(plan.id)
    if since is None or since.passed is None:
        found.to_do[plan.name] = "its last rehearsal was a quick one"
    elif since.changes:
        found.to_do[plan.name] = f"changed since: {since.changes[0].words}"


def last_rehearsal(session: Session, account_id: int, plan: Plan) -> Rehearsal | None:
    """The newest finished rehearsal that had the plan."""
    with_plan = select(RehearsalLife.rehearsal_id).where(RehearsalLife.plan_id == plan.id)
    newest = select(func.max(Rehearsal.id)).where(
        Rehearsal.processor_account_id == account_id, Rehearsal.state == "finished", Rehearsal.id.in_(with_plan)
    )
    return session.scalar(select(Rehearsal).where(Rehearsal.id == newest.scalar_subquery()))


def verdicts_of(session: Session, rehearsal_id: int, plan_id: int) -> set[str | None]:
    """The verdicts of the plan's lives, of each its last attempt."""
    rows = session.scalars(
        select(RehearsalLife)
        .where(RehearsalLife.rehearsal_id == rehearsal_id, RehearsalLife.plan_id == plan_id)
        .order_by(RehearsalLife.attempt)
    )
    last = {(row.interval, row.interval_count, row.currency): row.verdict for row in rows}
    return set(last.values())
