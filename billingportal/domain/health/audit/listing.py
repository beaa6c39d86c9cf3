"""Reads one page of one of Stripe's lists, and compares each of its objects with the stored row."""

from dataclasses import replace

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.health.audit import invoice_lines
from billingportal.domain.health.audit.amounts import compare_amounts
from billingportal.domain.health.audit.outcome.entries import NewEntry, add_entry, count_read
from billingportal.domain.health.audit.outcome.sentences import sentence_of
from billingportal.domain.health.audit.progress import Place, go_to, locked_audit
from billingportal.domain.health.audit.rows import Compared, compare_row
from billingportal.domain.health.audit.seen import Seen
from billingportal.domain.health.audit.work import Work
from billingportal.domain.sync import failed_reads
from billingportal.domain.sync.object_types import KINDS, ObjectType
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.listings import Walk
from billingportal.stripe_gateway.objects.copies import Copy
from billingportal.stripe_gateway.objects.readings import Page, Reading

# Rows of one transaction: while it runs, SQLite lets no webhook write.
ROWS = 20


def read_page(
    transaction: Transaction, gateway: StripeGateway, work: Work, walk: Walk, place: Place, seen: Seen
) -> tuple[bool, list[str]]:
    """Read the next page and compare its objects. Whether there are more pages, and the ids of those objects whose
    order is uncertain. Raises a StripeProblem; nothing is counted then."""
    asked_at = now()
    page = gateway.objects.page_of(walk, place.page_after, place.page_size)
    kind = KINDS[walk.kind]
    unsure: list[str] = []
    for start in range(0, len(page.copies), ROWS):
        copies = page.copies[start : start + ROWS]
        ids = [str(getattr(copy, kind.id_column)) for copy in copies]
        with transaction() as session:
            sure = [compare(session, work, kind, copy, page.reading) for copy in copies]
            if walk.has_lines:
                invoice_lines.compare_listed(session, work, ids, page, asked_at)
        if walk.has_lines:
            compare_amounts(transaction, work, ids)
        seen.add(kind, ids)
        unsure += [object_id for object_id, is_sure in zip(ids, sure, strict=True) if not is_sure]
    if walk.has_lines:
        invoice_lines.compare_long(transaction, gateway, work, page, asked_at)
    with transaction() as session:
        note_unreadable(session, work, kind, page)
        count_read(session, work.audit_id, kind.name, len(page.copies) + len(page.unreadable))
        since = place.since or page.reading.as_of
        following = replace(place, tries=0, since=since, problem="")
        page_after = page.last_id if page.has_more else None
        go_to(session, work.audit_id, replace(following, page_after=page_after, is_read=not page.has_more))
    return page.has_more, unsure


def compare(session: Session, work: Work, kind: ObjectType, copy: Copy, reading: Reading) -> bool:
    """Compare one row, and write down what differed. False where a change meanwhile makes the order uncertain."""
    found = compare_row(session, kind, work.account_id, copy, reading, is_dry_run=work.is_dry_run)
    if found.outcome in ("differed", "new"):
        record(session, work, kind, copy, found)
    return found.outcome != "unsure"


def record(session: Session, work: Work, kind: ObjectType, copy: Copy, found: Compared) -> None:
    customer_id = getattr(copy, "stripe_customer_id", None)
    add_entry(
        session,
        locked_audit(session, work.audit_id),
        NewEntry(
            kind.name,
            str(getattr(copy, kind.id_column)),
            "repaired",
            sentence_of(kind, found, is_dry_run=work.is_dry_run),
            found.fields,
            customer_id if isinstance(customer_id, str) else None,
        ),
    )


def note_unreadable(session: Session, work: Work, kind: ObjectType, page: Page) -> None:
    """An object that could not be read is reported, and read again by the worker."""
    audit = locked_audit(session, work.audit_id)
    for one in page.unreadable:
        words = f"This {kind.words} could not be read: {one.reason}"
        add_entry(session, audit, NewEntry(kind.name, one.object_id, "reported", words))
        if not work.is_dry_run:
            failed_reads.note_failure(session, work.account_id, kind.name, one.object_id, one.reason)
