"""Records who changed what. The entry shares the transaction of the change, so neither exists without the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.models.audit_entry import Actor, AuditEntry
from billingportal.plain_json import Json

Subject = tuple[str, int | str]


@dataclass(frozen=True)
class Act:
    """An act to record. `action` reads `<noun>.<past verb>`; `subject` is the type and id of the row it is about.

    Neither summary nor details may contain a secret: entries are shown and exported.
    """

    action: str
    summary: str
    staff_id: int | None = None
    actor: Actor = "staff"
    subject: Subject | None = None
    details: Mapping[str, Json] = field(default_factory=dict)
    processor_account_id: int | None = None


def record_act(session: Session, act: Act) -> AuditEntry:
    """Add an entry for an act."""
    subject_type, subject_id = act.subject or (None, None)
    entry = AuditEntry(
        recorded_at=clock.now(),
        actor=act.actor,
        staff_id=act.staff_id,
        action=act.action,
        subject_type=subject_type,
        subject_id=None if subject_id is None else str(subject_id),
        processor_account_id=act.processor_account_id,
        summary=act.summary,
        details=dict(act.details),
    )
    session.add(entry)
    return entry
