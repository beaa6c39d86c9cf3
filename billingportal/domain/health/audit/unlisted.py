"""Fetches the stored objects that no list showed: deleted, on a test clock, or changed since.

Stripe's lists leave out what belongs to a test clock unless they are asked for one customer.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.health.audit.listing import record
from billingportal.domain.health.audit.lists import must_be_listed
from billingportal.domain.health.audit.outcome.entries import NewEntry, add_entry, count_read, has_entry
from billingportal.domain.health.audit.progress import locked_audit
from billingportal.domain.health.audit.rows import compare_row
from billingportal.domain.health.audit.seen import Seen
from billingportal.domain.health.audit.work import Work
from billingportal.domain.sync import mirror_rows
from billingportal.domain.sync.apply import apply_fetched
from billingportal.domain.sync.object_types import INVOICE, INVOICE_PAYMENT, SUBSCRIPTION, ObjectType
from billingportal.domain.sync.ordering import FetchedSnapshot, StoredState
from billingportal.models import Customer
from billingportal.models.rehearsal.visibility import HIDDEN_CUSTOMERS
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.copies import InvoiceCopy
from billingportal.stripe_gateway.objects.readings import Fetched

GONE = "Stripe no longer has it"


def unlisted_ids(session: Session, work: Work, kind: ObjectType, since: datetime, seen: Seen) -> list[str]:
    """The ids of the stored objects that must be in a list and were in none, without those of rehearsals."""
    table, own = kind.table.c, kind.table.c[kind.id_column]
    wanted = select(own).where(
        table.processor_account_id == work.account_id,
        must_be_listed(kind, work.started_at),
        # A row of the very second of the start may have been confirmed before it.
        table.as_of <= since if seen.is_whole else table.as_of < since,
    )
    customer = table.get("stripe_customer_id")
    if customer is not None:
        # What belongs to a rehearsal is nobody's: it is deleted with its test clock.
        wanted = wanted.where(customer.is_(None) | customer.not_in(HIDDEN_CUSTOMERS))
        if work.stripe_customer_id is not None:
            wanted = wanted.where(customer == work.stripe_customer_id)
    found = session.scalars(wanted.order_by(kind.table.c.id)).all()
    return [one for one in found if not seen.has(kind, one) and not has_entry(session, work.audit_id, kind.name, one)]


def look_at(
    transaction: Transaction,
    gateway: StripeGateway,
    work: Work,
    kind: ObjectType,
    object_id: str,
    *,
    is_counted: bool = False,
) -> None:
    """Fetch one object and compare its row; `is_counted`: a list has shown it. Raises a StripeProblem."""
    fetched = gateway.objects.fetch(kind.name, object_id)
    with transaction() as session:
        count_read(session, work.audit_id, kind.name, 0 if is_counted else 1)
        if fetched.copy is None:
            note_gone(session, work, kind, object_id, fetched)
            return
        found = compare_row(session, kind, work.account_id, fetched.copy, fetched.reading, is_dry_run=work.is_dry_run)
        if found.outcome in ("differed", "new"):
            record(session, work, kind, fetched.copy, found)


def note_gone(session: Session, work: Work, kind: ObjectType, object_id: str, fetched: Fetched) -> None:
    """Stripe does not know the object. What can be deleted at Stripe is stored as deleted; the rest is reported."""
    row = mirror_rows.read_row(session, kind, work.account_id, object_id)
    if row is None or row[1].is_deleted:
        return
    held = row[1]
    is_possible = may_be_deleted(session, work.account_id, kind, held)
    if is_possible and not work.is_dry_run:
        seen = FetchedSnapshot(None, fetched.reading, asked_at_revision=None)
        apply_fetched(session, kind, work.account_id, object_id, seen)
    customer_id = getattr(held.copy, "stripe_customer_id", None)
    add_entry(
        session,
        locked_audit(session, work.audit_id),
        NewEntry(
            kind.name,
            object_id,
            "repaired" if is_possible else "reported",
            f"{GONE}." if is_possible else f"{GONE}, though it cannot be deleted there. Nothing was changed here.",
            {"deleted": [False, True]},
            customer_id if isinstance(customer_id, str) else None,
        ),
    )


def may_be_deleted(session: Session, account_id: int, kind: ObjectType, held: StoredState) -> bool:
    """Whether Stripe lets it be deleted: a canceled subscription and a final invoice stay, with their customer.

    A test clock takes its customers with it, and all that is theirs.
    """
    if kind is INVOICE and isinstance(held.copy, InvoiceCopy) and held.copy.status == "draft":
        return True
    if kind not in (INVOICE, INVOICE_PAYMENT, SUBSCRIPTION):
        return True
    customer = session.scalar(
        select(Customer).where(
            Customer.processor_account_id == account_id,
            Customer.stripe_customer_id == getattr(held.copy, "stripe_customer_id", None),
        )
    )
    return customer is not None and customer.deleted_at is not None and customer.stripe_test_clock_id is not None
