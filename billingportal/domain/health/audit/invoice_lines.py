"""Compares the stored lines of invoices with those that Stripe's list shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.health.audit.outcome.entries import NewEntry, add_entry
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
# Invoices of one transaction.
ROWS = 20


def compare_page(transaction: Transaction, gateway: StripeGateway, work: Work, page: Page, at: datetime) -> int:
    """Compare the lines of a page of invoices, which was asked for at a time; of how many invoices.

    An invoice with more lines than a list shows is asked for by itself. Raises a StripeProblem.
    """
    names = [copy.stripe_invoice_id for copy in page.copies if isinstance(copy, InvoiceCopy)]
    number = 0
    for start in range(0, len(names), ROWS):
        part = [name for name in names[start : start + ROWS] if name in page.lines]
        with transaction() as session:
            for invoice in invoices_of_clients(session, work.account_id, part):
                compare(session, work, invoice, page.lines[invoice.stripe_invoice_id], at)
                number += 1
    return number + compare_long(transaction, gateway, work, [name for name in names if name not in page.lines])


def compare_long(transaction: Transaction, gateway: StripeGateway, work: Work, names: Sequence[str]) -> int:
    with transaction() as session:
        wanted = [invoice.stripe_invoice_id for invoice in invoices_of_clients(session, work.account_id, names)]
    for stripe_invoice_id in wanted:
        at = now()
        try:
            copies = gateway.invoice_lines(stripe_invoice_id)
        except NotThere:
            continue
        with transaction() as session:
            for invoice in invoices_of_clients(session, work.account_id, [stripe_invoice_id]):
                compare(session, work, invoice, copies, at)
    return len(wanted)


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
