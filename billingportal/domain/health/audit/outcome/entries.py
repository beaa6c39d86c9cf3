"""Writes down what an audit read, and each row that differed, once."""

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.health.audit.progress import locked_audit
from billingportal.models import ClientCustomer, StripeAudit, StripeAuditEntry
from billingportal.models.health.stripe_audit_entry import AuditResult
from billingportal.plain_json import Json, JsonObject


@dataclass(frozen=True)
class Count:
    """The rows of one object type."""

    read: int = 0
    repaired: int = 0
    reported: int = 0

    @property
    def equal(self) -> int:
        return max(0, self.read - self.repaired - self.reported)

    def __add__(self, other: "Count") -> "Count":
        return Count(self.read + other.read, self.repaired + other.repaired, self.reported + other.reported)


@dataclass(frozen=True)
class NewEntry:
    """A row that differed. `sentence` says what was found, in words."""

    object_type: str
    object_id: str
    result: AuditResult
    sentence: str
    fields: JsonObject = field(default_factory=dict)
    stripe_customer_id: str | None = None


def add_entry(session: Session, audit: StripeAudit, new: NewEntry) -> None:
    """Add the entry, unless the audit has one of this object: an audit that was interrupted reads a page again."""
    if has_entry(session, audit.id, new.object_type, new.object_id):
        return
    session.add(
        StripeAuditEntry(
            stripe_audit_id=audit.id,
            object_type=new.object_type,
            stripe_object_id=new.object_id,
            client_id=client_of(session, audit.processor_account_id, new.stripe_customer_id),
            result=new.result,
            sentence=new.sentence,
            fields=new.fields,
            recorded_at=now(),
        )
    )
    session.flush()


def has_entry(session: Session, audit_id: int, object_type: str, object_id: str) -> bool:
    found = select(StripeAuditEntry.id).where(
        StripeAuditEntry.stripe_audit_id == audit_id,
        StripeAuditEntry.object_type == object_type,
        StripeAuditEntry.stripe_object_id == object_id,
    )
    return session.scalar(found) is not None


def client_of(session: Session, account_id: int, stripe_customer_id: str | None) -> int | None:
    if stripe_customer_id is None:
        return None
    return session.scalar(
        select(ClientCustomer.client_id).where(
            ClientCustomer.processor_account_id == account_id, ClientCustomer.stripe_customer_id == stripe_customer_id
        )
    )


def count_read(session: Session, audit_id: int, object_type: str, number: int) -> None:
    """Add to the number of rows that were read."""
    audit = locked_audit(session, audit_id)
    before = read_of(audit, object_type)
    audit.counts = {**audit.counts, object_type: {"read": before + number}}


def read_of(audit: StripeAudit, object_type: str) -> int:
    stored = audit.counts.get(object_type)
    read = stored.get("read") if isinstance(stored, dict) else None
    return read if isinstance(read, int) else 0


def counts_of(session: Session, audit: StripeAudit) -> dict[str, Count]:
    """What was read, equal, repaired and reported so far, by object type."""
    stored = {name: Count(read=read_of(audit, name)) for name in audit.counts}
    rows = session.execute(
        select(StripeAuditEntry.object_type, StripeAuditEntry.result, func.count())
        .where(StripeAuditEntry.stripe_audit_id == audit.id)
        .group_by(StripeAuditEntry.object_type, StripeAuditEntry.result)
    )
    for object_type, result, number in rows:
        part = Count(repaired=number) if result == "repaired" else Count(reported=number)
        stored[object_type] = stored.get(object_type, Count()) + part
    return stored


def store_counts(session: Session, audit: StripeAudit) -> None:
    """Write all counts into the audit's row, as they are at its end."""
    audit.counts = {name: as_json(count) for name, count in counts_of(session, audit).items()}


def as_json(count: Count) -> Json:
    return {"read": count.read, "equal": count.equal, "repaired": count.repaired, "reported": count.reported}
