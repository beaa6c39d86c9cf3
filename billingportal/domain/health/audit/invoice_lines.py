"""Compares the stored lines of invoices with those that Stripe's list shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.health.audit.outcome.entries import NewEntry, add_entry, count_read
from billingportal.domain.health.audit.progress import locked_audit
from billingportal.domain.health.audit.work import Work
from billingportal.domain.invoices import lines
from billingportal.models import ClientCustomer, Invoice
from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.copies import InvoiceCopy
from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy
from billingportal.stripe_gateway.objects.readings import Page

# The name under which an audit counts invoices whose lines were compared.
INVOICE_LINES = "invoice_lines"


def compare_listed(session: Session, work: Work, stripe_invoice_ids: Sequence[str], page: Page, at: datetime) -> None:
    """Compare the lines of these invoices, which were asked for at a time, where the page has all of them."""
    for invoice in invoices_of_clients(session, work.account_id, stripe_invoice_ids):
        if invoice.stripe_invoice_id in page.lines:
            compare(session, work, invoice, page.lines[invoice.stripe_invoice_id], at)


def compare_long(transaction: Transaction, gateway: StripeGateway, work: Work, page: Page, at: datetime) -> None:
    """Compare the lines of invoices that have more of them than a list shows. Raises a StripeProblem."""
    long = [
        copy.stripe_invoice_id
        for copy in page.copies
        if isinstance(copy, InvoiceCopy) and copy.stripe_invoice_id not in page.lines
    ]
    with transaction() as session:
        wanted = [invoice.stripe_invoice_id for invoice in invoices_of_clients(session, work.account_id, long)]
    for stripe_invoice_id in wanted:
        try:
            copies = gateway.invoice_lines(stripe_invoice_id)
        except NotThere:
            continue
        with transaction() as session:
            for invoice in invoices_of_clients(session, work.account_id, [stripe_invoice_id]):
                compare(session, work, invoice, copies, at)


def invoices_of_clients(session: Session, account_id: int, stripe_invoice_ids: Sequence[str]) -> list[Invoice]:
    """Those of the invoices that belong to a client: nobody looks at the lines of others."""
    if not stripe_invoice_ids:
        return []
    return list(
        session.scalars(
            select(Invoice)
            .join(
                ClientCustomer,
                (ClientCustomer.processor_account_id == Invoice.processor_account_id)
                & (ClientCustomer.stripe_customer_id == Invoice.stripe_customer_id),
            )
            .where(Invoice.processor_account_id == account_id, Invoice.stripe_invoice_id.in_(stripe_invoice_ids))
            .order_by(Invoice.id)
        )
    )


def compare(session: Session, work: Work, invoice: Invoice, copies: Sequence[InvoiceLineCopy], at: datetime) -> None:
    """Compare one invoice's lines, and unless it is a dry run store those of Stripe where they differ."""
    is_first, differs = lines.judge_lines(session, invoice, copies, at)
    if (is_first or differs) and not work.is_dry_run:
        lines.store_listed(session, invoice, copies, at)
    count_read(session, work.audit_id, INVOICE_LINES, 1)
    if differs:
        done = "Stripe’s would be stored" if work.is_dry_run else "Stripe’s were stored"
        words = f"The lines of invoice {invoice.number or invoice.stripe_invoice_id} differed. {done}."
        audit = locked_audit(session, work.audit_id)
        add_entry(
            session,
            audit,
            NewEntry(
                INVOICE_LINES,
                invoice.stripe_invoice_id,
                "repaired",
                words,
                stripe_customer_id=invoice.stripe_customer_id,
            ),
        )
