"""A client's timeline, newest first: audited acts of people and the portal, and changes of invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, literal, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from billingportal import clock
from billingportal.domain.common.severity import Severity
from billingportal.limits import whole_number
from billingportal.models import ApiKey, AuditEntry, ClientCustomer, Invoice, Staff
from billingportal.money import Money

PAGE = 10
WHO = {
    "client": "By the client",
    "sync": "By the portal",
    "command": "By a command on the server",
    "staff": "By staff",
    "api": "By an API key",
}
# By the start of the action; every other one is "mute".
SEVERITIES: dict[str, Severity] = {
    "client.suspended": "bad",
    "client.reactivated": "ok",
    "client.access_withdrawn": "warn",
    "client.created": "info",
    "client.linked": "info",
    "comp": "info",
    "quota_override": "info",
    "entitlement.started": "ok",
    "entitlement.plan_changed": "info",
    "entitlement.step_changed": "warn",
}


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline, in words. `action` is its name, by which pages choose an icon."""

    action: str
    severity: Severity
    title: str
    text: str
    who: str
    at: datetime


AUDIT = "audit"
# Later than any entry, and still a valid time. Unix seconds.
LARGEST_SECOND = 9_999_999_999
MOMENTS: dict[str, InstrumentedAttribute[datetime | None]] = {
    "finalized": Invoice.finalized_at,
    "paid": Invoice.paid_at,
    "voided": Invoice.voided_at,
}


@dataclass(frozen=True)
class Cursor:
    """The position of an entry in the timeline. Its text form is used in URLs."""

    at: datetime
    source: str
    row_id: int

    def __str__(self) -> str:
        return f"{int(self.at.timestamp())}.{self.at.microsecond}-{self.source}-{self.row_id}"

    @classmethod
    def of_text(cls, text: str) -> "Cursor | None":
        """The cursor of this text; None when the text is no cursor."""
        moment, _, rest = text.partition("-")
        source, _, row_id = rest.partition("-")
        seconds, _, microseconds = moment.partition(".")
        numbers = [
            whole_number(seconds, LARGEST_SECOND),
            whole_number(microseconds, 999_999),
            whole_number(row_id),
        ]
        found = [number for number in numbers if number is not None]
        if source not in (AUDIT, *MOMENTS) or len(found) != len(numbers):
            return None
        return cls(clock.from_unix(found[0]).replace(microsecond=found[1]), source, found[2])


def timeline_page(
    session: Session, client_id: int, link: ClientCustomer | None, before: Cursor | None = None
) -> tuple[list[Happening], Cursor | None]:
    """The newest entries, or those before a cursor; and the cursor for the next page, if there is one."""
    every = union_all(*sources(client_id, link)).subquery()
    place = tuple_(every.c.at, every.c.source, every.c.row_id)
    query = select(every).order_by(every.c.at.desc(), every.c.source.desc(), every.c.row_id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(place < (before.at, before.source, before.row_id))
    cursors = [Cursor(*row) for row in session.execute(query)]
    shown = cursors[:PAGE]
    return told(session, shown), shown[-1] if len(cursors) > PAGE else None


def sources(
    client_id: int, link: ClientCustomer | None
) -> list[Select[datetime, str, int] | Select[datetime | None, str, int]]:
    audited = select(
        AuditEntry.recorded_at.label("at"), literal(AUDIT).label("source"), AuditEntry.id.label("row_id")
    ).where(AuditEntry.subject_type == "client", AuditEntry.subject_id == str(client_id))
    if link is None:
        return [audited]
    invoiced = [
        select(column.label("at"), literal(source).label("source"), Invoice.id.label("row_id")).where(
            Invoice.processor_account_id == link.processor_account_id,
            Invoice.stripe_customer_id == link.stripe_customer_id,
            column.is_not(None),
        )
        for source, column in MOMENTS.items()
    ]
    return [audited, *invoiced]


def told(session: Session, cursors: Sequence[Cursor]) -> list[Happening]:
    """The timeline entries at these cursors, in words."""
    entry_ids = [one.row_id for one in cursors if one.source == AUDIT]
    invoice_ids = {one.row_id for one in cursors if one.source != AUDIT}
    entries = {
        entry.id: (entry, f"By the API key {key_name}" if key_name else f"By {name}" if name else WHO[entry.actor])
        for entry, name, key_name in session.execute(
            select(AuditEntry, Staff.name, ApiKey.name)
            .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
            .outerjoin(ApiKey, ApiKey.id == AuditEntry.api_key_id)
            .where(AuditEntry.id.in_(entry_ids))
        )
    }
    invoices = {row.id: row for row in session.scalars(select(Invoice).where(Invoice.id.in_(invoice_ids)))}
    return [
        of_entry(*entries[one.row_id]) if one.source == AUDIT else of_invoice(invoices[one.row_id], one)
        for one in cursors
        if one.row_id in (entries if one.source == AUDIT else invoices)
    ]


def of_entry(entry: AuditEntry, who: str) -> Happening:
    title, _, text = entry.summary.partition(". ")
    return Happening(entry.action, severity(entry.action), title.removesuffix("."), text, who, entry.recorded_at)


def severity(action: str) -> Severity:
    return next((found for start, found in SEVERITIES.items() if action.startswith(start)), "mute")


def of_invoice(invoice: Invoice, place: Cursor) -> Happening:
    name = f"Invoice {invoice.number}" if invoice.number else "An invoice"
    amount = str(Money(invoice.total_minor, invoice.currency))
    if place.source == "paid":
        return Happening("invoice.paid", "ok", f"{name} was paid", amount, "", place.at)
    if place.source == "voided":
        return Happening("invoice.voided", "mute", f"{name} was voided", amount, "", place.at)
    return Happening("invoice.finalized", "info", f"{name} was made", amount, "", place.at)
