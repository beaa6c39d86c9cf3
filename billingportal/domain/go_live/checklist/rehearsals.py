"""Whether each plan's last rehearsal passed, and nothing of the plan changed since."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.rehearsal.report.changed_since import PlanRehearsed, changes_since
from billingportal.models import ProcessorAccount

NOT_PROVABLE = "its last rehearsal could not prove everything"
# Changes that are named; the report names all of them.
MOST_NAMED = 2


@dataclass(frozen=True)
class Rehearsed:
    """Reasons by plan name. `as_of` is the end of the oldest of the last rehearsals."""

    to_do: dict[str, str] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)
    as_of: datetime | None = None


def plans_to_rehearse(session: Session, account: ProcessorAccount) -> Rehearsed:
    """The plans for sale in test mode whose last rehearsal does not count, with the reason."""
    plans = changes_since(session, account.id).values()
    open_ones = [one for one in plans if not one.is_proven]
    untold = {one.name: NOT_PROVABLE for one in open_ones if is_untold(one)}
    to_do = {one.name: reason_of(one) for one in open_ones if not is_untold(one)}
    ends = [one.last.ended_at for one in plans if one.last is not None]
    return Rehearsed(to_do, untold, min(ends, default=None))


def is_untold(plan: PlanRehearsed) -> bool:
    """Whether nothing was wrong in the last rehearsal, but not everything could be compared."""
    return plan.last is not None and plan.last.verdict == "not_provable"


def reason_of(plan: PlanRehearsed) -> str:
    if plan.last is None:
        return "not rehearsed yet"
    if plan.last.verdict == "failed":
        return "its last rehearsal failed"
    if plan.changes:
        named = "; ".join(change.words for change in plan.changes[:MOST_NAMED])
        return f"changed since: {named}"
    return "only rehearsed quickly"
