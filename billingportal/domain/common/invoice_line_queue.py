"""Marks invoices whose lines are to be read from Stripe: events carry only the first page of them.

Lines are read when an invoice is made, whenever its amounts change while it is a draft, and once more when it is final.
Those of invoices from before the account was connected are read when somebody opens their page.
"""

from datetime import datetime, timedelta

from billingportal.db import Database
from billingportal.domain.common.evaluation_queue import AT_ONCE
from billingportal.domain.common.plain_sql import plain_sql
from billingportal.stripe_gateway.objects.copies import Copy, InvoiceCopy

# An invoice that was made so long before its first snapshot is history.
RECENT = timedelta(days=3)

# One statement, and only where the invoice changed: this runs for every event. Customers of no client have no page.
MARK = plain_sql(
    """
    INSERT INTO invoice_lines_read (invoice_id, attempts, next_attempt_at)
    SELECT invoice.id, 0, :due_at FROM invoice
    WHERE invoice.processor_account_id = :account_id AND invoice.stripe_invoice_id = :invoice_id
    AND EXISTS (
        SELECT 1 FROM client_customer
        WHERE client_customer.processor_account_id = invoice.processor_account_id
        AND client_customer.stripe_customer_id = invoice.stripe_customer_id
    )
    ON CONFLICT (invoice_id) DO UPDATE SET attempts = 0, next_attempt_at = excluded.next_attempt_at
    """,
    "due_at",
)


def mark_lines(database: Database, account_id: int, old: Copy | None, new: Copy, known_at: datetime) -> None:
    """Mark the invoice, if its lines may have changed. Its new state, known at `known_at`, has to be stored already."""
    if isinstance(new, InvoiceCopy) and may_differ(old if isinstance(old, InvoiceCopy) else None, new, known_at):
        values = {"account_id": account_id, "invoice_id": new.stripe_invoice_id, "due_at": AT_ONCE}
        database.execute(MARK, values)


def may_differ(old: InvoiceCopy | None, new: InvoiceCopy, known_at: datetime) -> bool:
    if old is None:
        return new.created_at > known_at - RECENT
    was, is_now = ((one.status == "draft", one.finalized_at, one.subtotal_minor, one.total_minor) for one in (old, new))
    return was != is_now
