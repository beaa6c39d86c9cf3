"""Reads one page of one of Stripe's lists, and compares each of its objects with the stored row."""

from collections.abc import Sequence
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
    unsure: list[str] = []
    for start in range(0, len(page.copies), ROWS):
        unsure += compare_part(transaction, work, walk, page, page.copies[start : start + ROWS], seen)
    invoices = 0
    if walk.has_lines:
        invoices = invoice_lines.compare_page(transaction, gateway, work, page, asked_at)
        compare_amounts(transaction, work, [name_of(KINDS[walk.kind], copy) for copy in page.copies])
    with transaction() as session:
        end_page(session, work, walk, place, page)
        if walk.has_lines:
            count_read(session, work.audit_id, invoice_lines.INVOICE_LINES, invoices)
    return page.has_more, unsure


def name_of(kind: ObjectType, copy: Copy) -> str:
    return str(getattr(copy, kind.id_column))


def compare_part(
    transaction: Transaction, work: Work, walk: Walk, page: Page, copies: Sequence[Copy], seen: Seen
) -> list[str]:
    """Compare some objects of a page in one transaction; the ids of those whose order is uncertain."""
    kind = KINDS[walk.kind]
    with transaction() as session:
        sure = [compare(session, work, kind, copy, page.reading) for copy in copies]
    ids = [name_of(kind, copy) for copy in copies]
    seen.add(kind, ids)
    return [object_id for object_id, is_sure in zip(ids, sure, strict=True) if not is_sure]


def end_page(session: Session, work: Work, walk: Walk, place: Place, page: Page) -> None:
    """Count the page and go on after it, in one transaction: a page that is read again is counted once."""
    kind = KINDS[walk.kind]
    note_unreadable(session, work, kind, page)
    count_read(session, work.audit_id, kind.name, len(page.copies) + len(page.unreadable))
    since = place.since or page.reading.as_of
    following = replace(place, tries=0, since=since, problem="", is_read=not page.has_more)
    go_to(session, work.audit_id, replace(following, page_after=page.last_id if page.has_more else None))


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
            name_of(kind, copy),
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
