"""Invoices whose amounts our own computation does not give."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Select, and_, select, tuple_
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.invoices.client_invoices import Row, of_clients, page_of, subject_of
from billingportal.domain.health.findings.invoices.computation import amount_difference
from billingportal.domain.health.findings.stored import stored
from billingportal.models import Client, HealthCheck, HealthFinding, Invoice, InvoiceLinesRead, ProcessorAccount
from billingportal.models.connection.processor_account import MODES, Mode

KEY = "invoice.amount_differs"
FINAL = ("open", "paid", "uncollectible")
# The first run computes the invoices from this far back; each transaction reads so many.
FIRST, BATCH = timedelta(days=35), 200
OVERLAP = timedelta(minutes=5)


def check_amounts(surroundings: Surroundings, mode: Mode) -> Result:
    """Compute the invoices that became final since the last run, and those that differed then, in batches.

    Raises CannotCheck while the account has not been read.
    """
    with surroundings.reading() as session:
        found = stored(session, mode)
        if found is None:
            return Result((), now())
        since = last_run(session, mode)
        known = [(client, invoice) for client, invoice in session.execute(differing_invoices(found.account))]
        differing = {one.subject: one for one in compared(session, known, mode)}
    after = (since, 0)
    while True:
        with surroundings.reading() as session:
            batch = session.execute(new_invoices(found.account, after).limit(BATCH)).all()
            fresh = [(client, invoice) for client, invoice, _ in batch]
            differing |= {one.subject: one for one in compared(session, fresh, mode)}
            if len(batch) < BATCH:
                return Result(tuple(differing.values()), found.as_of)
            after = (batch[-1][2] or since, fresh[-1][1].id)


def last_run(session: Session, mode: Mode) -> datetime:
    """Lines that were read before this moment are computed already."""
    row = session.get(HealthCheck, f"invoice_amounts.{mode}")
    return row.as_of - OVERLAP if row is not None and row.as_of is not None else now() - FIRST


def new_invoices(account: ProcessorAccount, after: tuple[datetime, int]) -> Select[Client, Invoice, datetime | None]:
    """Final invoices whose lines were read since, with that time and in this order: those after a time and an id."""
    place = tuple_(InvoiceLinesRead.read_at, Invoice.id)
    return (
        of_clients(account)
        .add_columns(InvoiceLinesRead.read_at)
        .join(InvoiceLinesRead, InvoiceLinesRead.invoice_id == Invoice.id)
        .where(is_computable(), place > after)
        .order_by(InvoiceLinesRead.read_at, Invoice.id)
    )


def is_computable() -> ColumnElement[bool]:
    """SQL condition: the invoice is final, and its lines are those of its end."""
    return and_(
        Invoice.status.in_(FINAL),
        InvoiceLinesRead.of_status.in_(FINAL),
        InvoiceLinesRead.next_attempt_at.is_(None),
    )


def differing_invoices(account: ProcessorAccount) -> Select[Client, Invoice]:
    """The invoices of which a finding stands: it may be gone."""
    subjects = select(HealthFinding.subject).where(HealthFinding.key == KEY, HealthFinding.gone_at.is_(None))
    return of_clients(account).where(("invoice:" + Invoice.stripe_invoice_id).in_(subjects), Invoice.status.in_(FINAL))


def compared(session: Session, rows: Sequence[Row], mode: Mode) -> Iterator[Found]:
    for client, invoice in rows:
        one = amount_difference(session, invoice)
        if one is None:
            continue
        name = invoice.number or invoice.stripe_invoice_id
        paid = "already paid" if invoice.status == "paid" else "not paid yet"
        yield Found(
            KEY,
            f"{client.name} was charged {one.by} too {'much' if one.is_too_much else 'little'}",
            f"Invoice {name} says {one.charged}. {one.basis} costs {one.ours}. 1 client, 1 invoice, {paid}.",
            Action("Compare the invoice", "page", "invoice", page_of(client, invoice)),
            subject_of(invoice),
            mode,
        )


CHECKS = tuple(
    Check(
        f"invoice_amounts.{mode}",
        "Invoices come to what prices and use give",
        "invoices",
        (KEY,),
        600,
        partial(check_amounts, mode=mode),
        mode,
    )
    for mode in MODES
)
