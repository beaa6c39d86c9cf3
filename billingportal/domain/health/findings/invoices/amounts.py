"""Invoices whose amounts our own computation does not give."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Select, select
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
# The first run computes the invoices from this far back; each run at most so many.
FIRST, BATCH = timedelta(days=35), 2000
OVERLAP = timedelta(minutes=5)


def check_amounts(surroundings: Surroundings, mode: Mode) -> Result:
    """Compute the invoices that became final since the last run, and those that differed then.

    Where there are too many for one run, the result stands as of the last one that was computed.
    Raises CannotCheck while the account has not been read.
    """
    with surroundings.reading() as session:
        found = stored(session, mode)
        if found is None:
            return Result((), now())
        rows = session.execute(new_invoices(found.account, last_run(session, mode)).limit(BATCH)).all()
        as_of = found.as_of
        if len(rows) == BATCH:
            as_of = min(as_of, session.scalar(read_at_of(rows[-1][1])) or as_of)
        again = session.execute(differing_invoices(found.account)).all()
        chosen = {invoice.id: (client, invoice) for client, invoice in (*again, *rows)}
        return Result(tuple(compared(session, list(chosen.values()), mode)), as_of)


def last_run(session: Session, mode: Mode) -> datetime:
    """Lines that were read before this moment are computed already."""
    row = session.get(HealthCheck, f"invoice_amounts.{mode}")
    return row.as_of - OVERLAP if row is not None and row.as_of is not None else now() - FIRST


def new_invoices(account: ProcessorAccount, since: datetime) -> Select[Client, Invoice]:
    """Final invoices whose lines were read since, in this order."""
    return (
        of_clients(account)
        .join(InvoiceLinesRead, InvoiceLinesRead.invoice_id == Invoice.id)
        .where(
            Invoice.status.in_(FINAL),
            InvoiceLinesRead.of_status.in_(FINAL),
            InvoiceLinesRead.next_attempt_at.is_(None),
            InvoiceLinesRead.read_at >= since,
        )
        .order_by(InvoiceLinesRead.read_at, Invoice.id)
    )


def read_at_of(invoice: Invoice) -> Select[datetime | None]:
    return select(InvoiceLinesRead.read_at).where(InvoiceLinesRead.invoice_id == invoice.id)


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
        120,
        partial(check_amounts, mode=mode),
        mode,
    )
    for mode in MODES
)
