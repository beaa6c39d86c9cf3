"""A client's invoices as the client sees them: open, paid, refunded and disputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select, tuple_
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices import dispute_text, payment_attempts
from billingportal.domain.invoices.disputes import followers, paid_by
from billingportal.domain.invoices.payments_under_way import invoices_under_way
from billingportal.models import ClientCustomer, Dispute, Invoice, InvoicePayment, PaymentAttempt, Refund
from billingportal.money import Money

PAGE = 12
PAID = StatusText("paid", "ok", "Paid")
DISPUTED = StatusText("disputed", "warn", "Disputed with your bank")
ON_ITS_WAY = StatusText("under_way", "info", "On its way")
UNDER_WAY: dict[str, StatusText] = {
    "processing": ON_ITS_WAY,
    "requires_action": StatusText("to_confirm", "warn", "To confirm"),
}
# A dispute that is over is not shown any more, but a lost one is: it gave the money back.
OVER = ("won", "warning_closed", "prevented")


@dataclass(frozen=True)
class InvoiceRow:
    """One invoice. `notes` are its refunds and disputes. The URLs are Stripe's.

    `purpose` says what an invoice without a subscription is for; empty for others.
    """

    id: int
    stripe_invoice_id: str
    number: str
    purpose: str
    dated_at: datetime
    amount: Money
    status: StatusText
    notes: tuple[StatusText, ...]
    page_url: str | None
    pdf_url: str | None


def rows(session: Session, link: ClientCustomer | None, moment: datetime, before_id: int | None) -> list[InvoiceRow]:
    """A page of invoices, newest first; one more than a page where there are older ones."""
    if link is None:
        return []
    chosen = select(Invoice).where(is_shown(link))
    before = session.get(Invoice, before_id) if before_id is not None else None
    if before is not None:
        chosen = chosen.where(tuple_(Invoice.created_at, Invoice.id) < (before.created_at, before.id))
    found = session.scalars(chosen.order_by(Invoice.created_at.desc(), Invoice.id.desc()).limit(PAGE + 1)).all()
    ids = [one.stripe_invoice_id for one in found]
    notes = notes_of(session, link.processor_account_id, ids)
    attempts = payment_attempts.attempts_of(session, link.processor_account_id, ids)
    under_way = invoices_under_way(session, link)
    return [
        row(
            one,
            notes.get(one.stripe_invoice_id, ()),
            ON_ITS_WAY
            if one.stripe_invoice_id in under_way
            else status_of(one, moment, attempts.get(one.stripe_invoice_id)),
        )
        for one in found
    ]


def is_shown(link: ClientCustomer) -> ColumnElement[bool]:
    """SQL condition: the customer's invoices, without drafts."""
    return and_(
        Invoice.processor_account_id == link.processor_account_id,
        Invoice.stripe_customer_id == link.stripe_customer_id,
        Invoice.status != "draft",
        Invoice.deleted_at.is_(None),
    )


def find_invoice(session: Session, client_id: int, stripe_invoice_id: str) -> Invoice | None:
    """The invoice, if it is of a customer of this client: drafts and deleted ones too."""
    is_own = exists().where(
        ClientCustomer.client_id == client_id,
        ClientCustomer.processor_account_id == Invoice.processor_account_id,
        ClientCustomer.stripe_customer_id == Invoice.stripe_customer_id,
    )
    found = select(Invoice).where(Invoice.stripe_invoice_id == stripe_invoice_id, is_own).order_by(Invoice.id.desc())
    return session.scalars(found.limit(1)).one_or_none()


def row(invoice: Invoice, notes: Sequence[StatusText], status: StatusText) -> InvoiceRow:
    return InvoiceRow(
        id=invoice.id,
        stripe_invoice_id=invoice.stripe_invoice_id,
        number=invoice.number or "Invoice",
        purpose=invoice.purpose or "",
        dated_at=invoice.finalized_at or invoice.created_at,
        amount=Money(invoice.total_minor, invoice.currency),
        status=status,
        notes=tuple(notes),
        page_url=invoice.hosted_invoice_url,
        pdf_url=invoice.invoice_pdf_url,
    )


def status_of(invoice: Invoice, moment: datetime, attempt: PaymentAttempt | None = None) -> StatusText:
    """An invoice's status in words, at a moment of the client's time. `attempt` is the last one to pay it."""
    if invoice.status == "paid":
        return PAID
    if invoice.status == "void":
        return StatusText("void", "mute", "Void")
    if invoice.status == "uncollectible":
        return StatusText("uncollectible", "bad", "Not paid")
    intent_status = payment_attempts.intent_status(attempt, invoice) or ""
    if intent_status in UNDER_WAY:
        return UNDER_WAY[intent_status]
    if invoice.due_at is not None and invoice.due_at < moment:
        return StatusText("overdue", "bad", f"Was due on {day(invoice.due_at)}")
    if invoice.due_at is not None:
        return StatusText("open", "info", f"To be paid by {day(invoice.due_at)}")
    if invoice.attempt_count:
        return StatusText("payment_failed", "bad", "Payment failed")
    return StatusText("open", "info", "To be paid")


def notes_of(session: Session, account_id: int, invoice_ids: Sequence[str]) -> dict[str, list[StatusText]]:
    """Refunds and disputes, by invoice. Failed refunds, on which only staff can act, are left out."""
    payments = session.scalars(
        select(InvoicePayment).where(
            InvoicePayment.processor_account_id == account_id, InvoicePayment.stripe_invoice_id.in_(invoice_ids)
        )
    ).all()
    refunds = followers(session, Refund, account_id, payments)
    disputes = followers(session, Dispute, account_id, payments)
    found: dict[str, list[StatusText]] = {}
    for invoice_id in refunds.keys() | disputes.keys():
        given = [one for one in refunds.get(invoice_id, []) if one.status != "failed"]
        notes = dispute_text.refund_words(paid_by(payments, invoice_id), given)
        if any(one.status not in OVER for one in disputes.get(invoice_id, [])):
            notes.append(DISPUTED)
        found[invoice_id] = notes
    return found
