"""Records who changed what. The entry shares the transaction of the change, so neither exists without the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.models.audit_entry import Actor, AuditEntry
from billingportal.plain_json import Json

Subject = tuple[str, int | str]


@dataclass(frozen=True)
class Author:
    """Who acts: a member of staff, an API key, the client or the portal itself."""

    actor: Actor = "staff"
    staff_id: int | None = None
    api_key_id: int | None = None


CLIENT = Author("client")


@dataclass(frozen=True)
class Act:
    """An act to record. `action` reads `<noun>.<past verb>`; `subject` is the type and id of the row it is about.

    Neither summary nor details may contain a secret: entries are shown and exported.
    """

    action: str
    summary: str
    staff_id: int | None = None
    actor: Actor = "staff"
    api_key_id: int | None = None
    subject: Subject | None = None
    details: Mapping[str, Json] = field(default_factory=dict)
    processor_account_id: int | None = None


def by_staff(staff_id: int | None) -> Author:
    return Author("staff", staff_id=staff_id)


def by_api_key(api_key_id: int) -> Author:
    return Author("api", api_key_id=api_key_id)


def act_of(author: Author, action: str, summary: str, subject: Subject) -> Act:
    """The act of an author."""
    return Act(
        action,
        summary,
        staff_id=author.staff_id,
        actor=author.actor,
        api_key_id=author.api_key_id,
        subject=subject,
    )


def record_act(session: Session, act: Act) -> AuditEntry:
    """Add an entry for an act."""
    subject_type, subject_id = act.subject or (None, None)
    entry = AuditEntry(
        recorded_at=clock.now(),
        actor=act.actor,
        staff_id=act.staff_id,
        api_key_id=act.api_key_id,
        action=act.action,
        subject_type=subject_type,
        subject_id=None if subject_id is None else str(subject_id),
        processor_account_id=act.processor_account_id,
        summary=act.summary,
        details=dict(act.details),
    )
    session.add(entry)
    return entry
