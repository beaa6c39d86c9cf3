"""A client's invoices as the client sees them: open, paid, refunded and disputed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices import dispute_text
from billingportal.domain.invoices.disputes import followers, paid_by
from billingportal.domain.invoices.payments_under_way import invoices_under_way
from billingportal.domain.subscriptions import invoice_history
from billingportal.domain.subscriptions.status import FAILING_STATUSES
from billingportal.models import ClientCustomer, Dispute, Invoice, InvoicePayment, Refund, Subscription
from billingportal.money import Money

PAGE = 12
PAID = StatusText("paid", "ok", "Paid")
UNDER_WAY = StatusText("under_way", "info", "Payment on its way")
DISPUTED = StatusText("disputed", "warn", "Disputed with your bank")
# A dispute that is over is not shown any more, but a lost one is: it gave the money back.
OVER = ("won", "warning_closed", "prevented")


@dataclass(frozen=True)
class InvoiceRow:
    """One invoice. `notes` are its refunds and disputes. The URLs are Stripe's."""

    id: int
    number: str
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
    notes = notes_of(session, link.processor_account_id, [one.stripe_invoice_id for one in found])
    under_way = invoices_under_way(session, link)
    return [row(one, moment, notes.get(one.stripe_invoice_id, ()), under_way) for one in found]


def is_shown(link: ClientCustomer) -> ColumnElement[bool]:
    """SQL condition: the customer's invoices, without drafts."""
    return and_(
        Invoice.processor_account_id == link.processor_account_id,
        Invoice.stripe_customer_id == link.stripe_customer_id,
        Invoice.status != "draft",
        Invoice.deleted_at.is_(None),
    )


def row(invoice: Invoice, moment: datetime, notes: Sequence[StatusText], under_way: Collection[str]) -> InvoiceRow:
    return InvoiceRow(
        id=invoice.id,
        number=invoice.number or "Invoice",
        dated_at=invoice.finalized_at or invoice.created_at,
        amount=Money(invoice.total_minor, invoice.currency),
        status=UNDER_WAY if invoice.stripe_invoice_id in under_way else status_of(invoice, moment),
        notes=tuple(notes),
        page_url=invoice.hosted_invoice_url,
        pdf_url=invoice.invoice_pdf_url,
    )


def status_of(invoice: Invoice, moment: datetime) -> StatusText:
    """An invoice's status in words, at a moment of the client's time."""
    if invoice.status == "paid":
        return PAID
    if invoice.status == "void":
        return StatusText("void", "mute", "Void")
    if invoice.status == "uncollectible":
        return StatusText("uncollectible", "bad", "Not paid")
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


def due_invoice(session: Session, link: ClientCustomer | None, subscription: Subscription | None) -> Invoice | None:
    """The invoice that "Pay now" pays. While a subscription fails, its newest decides; else the oldest open one."""
    if subscription is not None and subscription.status in FAILING_STATUSES:
        return invoice_history.payable(invoice_history.invoices_of(session, subscription))
    return open_invoice(session, link)


def open_invoice(session: Session, link: ClientCustomer | None) -> Invoice | None:
    """The oldest open invoice with an amount due."""
    if link is None:
        return None
    return session.scalars(
        select(Invoice)
        .where(is_shown(link), Invoice.status == "open", Invoice.amount_remaining_minor > 0)
        .order_by(Invoice.created_at, Invoice.id)
        .limit(1)
    ).one_or_none()
