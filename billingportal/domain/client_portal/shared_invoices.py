"""Emails by which staff share an invoice's explanation with its client."""

from datetime import timedelta

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.audit import Author, act_of, record_act
from billingportal.domain.mail import messages
from billingportal.models import Client, Invoice

# Pressed twice, the button sends one email.
PAUSE = timedelta(minutes=10)


def share_by_email(session: Session, client: Client, invoice: Invoice, *, author: Author) -> bool:
    """Queue the email with a link to the invoice, at most one in ten minutes. Returns whether it was queued now."""
    window = int(now().timestamp() // PAUSE.total_seconds())
    name = invoice.number or invoice.stripe_invoice_id
    letter = messages.explained_invoice(name, f"?invoice={invoice.stripe_invoice_id}")
    is_queued = messages.post(session, client, f"explained-invoice:{invoice.id}:{window}", letter)
    if is_queued:
        subject = ("client", client.id)
        record_act(session, act_of(author, "client.invoice_emailed", f"Emailed invoice {name}", subject))
    return is_queued
