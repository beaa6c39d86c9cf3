"""Putting a finding aside until later, with a reason. Findings about money stay."""

from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.dates import day
from billingportal.errors import Refusal
from billingportal.models import HealthFinding

Until = Literal["tomorrow", "week", "month"]
# Hours of the day, UTC, at which a snooze until tomorrow ends.
MORNING = 8
LONGEST_REASON = 200


def end_of(until: Until, moment: datetime) -> datetime:
    if until == "tomorrow":
        return (moment + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return moment + timedelta(days=7 if until == "week" else 30)


def snooze(session: Session, finding_id: int, until: str, reason: str, *, staff_id: int) -> HealthFinding:
    """Put a finding aside. Raises Refusal for one about money, a finding that is gone, and a missing reason."""
    row = session.get(HealthFinding, finding_id, with_for_update=True)
    if row is None or row.raised_at is None or row.gone_at is not None:
        raise Refusal("", "This finding is gone.")
    if row.severity == "money":
        raise Refusal("", "Findings about money can’t be snoozed.")
    if until not in get_args(Until):
        raise Refusal("until", "Choose until when.")
    words = " ".join(reason.split())
    if not words:
        raise Refusal("reason", "Say why, so that your colleagues know.")
    if len(words) > LONGEST_REASON:
        raise Refusal("reason", f"At most {LONGEST_REASON} characters.")
    row.snoozed_until = end_of(cast(Until, until), now())
    row.snooze_reason, row.snoozed_by_id = words, staff_id
    said = f"Snoozed “{row.title}” until {day(row.snoozed_until)}: {words}"
    audit.record_act(session, audit.Act("finding.snoozed", said, staff_id=staff_id, subject=("health_finding", row.id)))
    return row


def wake(session: Session, finding_id: int, *, staff_id: int) -> None:
    """End a snooze now."""
    row = session.get(HealthFinding, finding_id, with_for_update=True)
    if row is None or row.snoozed_until is None:
        return
    row.snoozed_until = None
    said = f"Woke up “{row.title}”"
    audit.record_act(session, audit.Act("finding.woken", said, staff_id=staff_id, subject=("health_finding", row.id)))
