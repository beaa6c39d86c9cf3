"""Writes down who changed what. The entry shares the transaction of the change, so neither is without the other."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.models.audit_entry import Actor, AuditEntry
from billingportal.plain_json import Json

Subject = tuple[str, int | str]


def record(
    session: Session,
    action: str,
    summary: str,
    *,
    staff_id: int | None = None,
    actor: Actor = "staff",
    subject: Subject | None = None,
    details: Mapping[str, Json] | None = None,
    processor_account_id: int | None = None,
) -> AuditEntry:
    """Add an entry. `action` reads `<noun>.<past verb>`; `subject` is the type and id of the row it is about.

    Neither summary nor details may hold a secret: entries are shown and exported.
    """
    subject_type, subject_id = subject or (None, None)
    entry = AuditEntry(
        recorded_at=clock.now(),
        actor=actor,
        staff_id=staff_id,
        action=action,
        subject_type=subject_type,
        subject_id=None if subject_id is None else str(subject_id),
        processor_account_id=processor_account_id,
        summary=summary,
        details=dict(details or {}),
    )
    session.add(entry)
    return entry
