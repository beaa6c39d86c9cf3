"""Computes the amounts of the invoices that an audit has read, and reports those that differ from Stripe's."""

from collections.abc import Sequence

from sqlalchemy import select

from billingportal.db import Transaction, reading
from billingportal.domain.health.audit.outcome.entries import NewEntry, add_entry
from billingportal.domain.health.audit.progress import locked_audit
from billingportal.domain.health.audit.work import Work
from billingportal.domain.health.findings.invoices.amounts import is_computable
from billingportal.domain.health.findings.invoices.computation import amount_difference
from billingportal.models import ClientCustomer, Invoice, InvoiceLinesRead
from billingportal.plain_json import JsonObject

# The name under which an audit counts amounts that differ.
INVOICE_AMOUNTS = "invoice_amounts"


def compare_amounts(transaction: Transaction, work: Work, stripe_invoice_ids: Sequence[str]) -> None:
    """Compute these invoices of clients. No transaction is open for writing meanwhile: that takes milliseconds each."""
    wanted = (
        select(Invoice)
        .join(InvoiceLinesRead, InvoiceLinesRead.invoice_id == Invoice.id)
        .join(
            ClientCustomer,
            (ClientCustomer.processor_account_id == Invoice.processor_account_id)
            & (ClientCustomer.stripe_customer_id == Invoice.stripe_customer_id),
        )
        .where(
            Invoice.processor_account_id == work.account_id,
            Invoice.stripe_invoice_id.in_(stripe_invoice_ids),
            is_computable(),
        )
    )
    found: list[NewEntry] = []
    with reading() as session:
        for invoice in session.scalars(wanted).all():
            one = amount_difference(session, invoice)
            if one is not None:
                words = f"Invoice {invoice.number or invoice.stripe_invoice_id} says {one.charged}. {one.basis} costs "
                fields: JsonObject = {"amount": [str(one.ours), str(one.charged)]}
                name, customer = invoice.stripe_invoice_id, invoice.stripe_customer_id
                found.append(NewEntry(INVOICE_AMOUNTS, name, "reported", f"{words}{one.ours}.", fields, customer))
    if not found:
        return
    with transaction() as session:
        audit = locked_audit(session, work.audit_id)
        for entry in found:
            add_entry(session, audit, entry)
