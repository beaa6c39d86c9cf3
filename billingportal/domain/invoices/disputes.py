"""Disputes and refunds of payments, as shown for invoices and clients."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices.dispute_text import about, dispute_words, refund_words
from billingportal.models import Client, ClientCustomer, Dispute, Invoice, InvoicePayment, Refund
from billingportal.money import Money

# Invoices shown for one customer; the newest ones.
MOST_TOLD = 5
Follower = TypeVar("Follower", Refund, Dispute)


def of_invoices(session: Session, account_id: int, invoice_ids: Sequence[str]) -> dict[str, list[StatusText]]:
    """Disputes and refunds of invoices, by Stripe invoice id. Invoices without any are left out."""
    payments = session.scalars(
        select(InvoicePayment).where(
            InvoicePayment.processor_account_id == account_id, InvoicePayment.stripe_invoice_id.in_(invoice_ids)
        )
    ).all()
    refunds = followers(session, Refund, account_id, payments)
    disputes = followers(session, Dispute, account_id, payments)
    told = {
        invoice_id: dispute_words(disputes[invoice_id])
        + refund_words(paid_by(payments, invoice_id), refunds[invoice_id])
        for invoice_id in dict.fromkeys(payment.stripe_invoice_id for payment in payments)
    }
    return {invoice_id: troubles for invoice_id, troubles in told.items() if troubles}


def followers(
    session: Session, model: type[Follower], account_id: int, payments: Sequence[InvoicePayment]
) -> dict[str, list[Follower]]:
    """The refunds or disputes of the payments, oldest first, by the invoice that was paid."""
    invoice_of = {key: one.stripe_invoice_id for one in payments for key in keys_of(one)}
    found: dict[str, list[Follower]] = defaultdict(list)
    if not invoice_of:
        return found
    rows = session.scalars(
        select(model)
        .where(
            model.processor_account_id == account_id,
            model.deleted_at.is_(None),
            or_(model.stripe_payment_intent_id.in_(invoice_of), model.stripe_charge_id.in_(invoice_of)),
        )
        .order_by(model.created_at, model.id)
    )
    for row in rows:
        invoice_id = next(invoice_of[key] for key in keys_of(row) if key in invoice_of)
        found[invoice_id].append(row)
    return found


def keys_of(row: InvoicePayment | Refund | Dispute) -> list[str]:
    """The ids that link a payment to refunds and disputes: the payment intent, or the charge of older payments."""
    return [key for key in (row.stripe_payment_intent_id, row.stripe_charge_id) if key is not None]


def paid_by(payments: Sequence[InvoicePayment], invoice_id: str) -> Money | None:
    """The amount of an invoice paid through payments; None when nothing was."""
    paid = [
        Money(payment.amount_paid_minor, payment.currency)
        for payment in payments
        if payment.stripe_invoice_id == invoice_id and payment.status == "paid"
    ]
    return sum(paid[1:], start=paid[0]) if paid else None


def of_client(session: Session, client: Client) -> list[StatusText]:
    """Disputes and refunds of a client's payments, by invoice, newest first."""
    told: list[StatusText] = []
    for link in session.scalars(select(ClientCustomer).where(ClientCustomer.client_id == client.id)).all():
        invoices = troubled_invoices(session, link)
        troubles = of_invoices(session, link.processor_account_id, [one.stripe_invoice_id for one in invoices])
        for invoice in invoices:
            told += [about(one, invoice.number) for one in troubles.get(invoice.stripe_invoice_id, [])]
    return told


def troubled_invoices(session: Session, link: ClientCustomer) -> Sequence[Invoice]:
    """The customer's newest invoices whose payment was disputed or refunded."""
    return session.scalars(
        select(Invoice)
        .where(
            Invoice.processor_account_id == link.processor_account_id,
            Invoice.stripe_customer_id == link.stripe_customer_id,
            exists().where(
                InvoicePayment.processor_account_id == Invoice.processor_account_id,
                InvoicePayment.stripe_invoice_id == Invoice.stripe_invoice_id,
                or_(is_followed_by(Refund), is_followed_by(Dispute)),
            ),
        )
        .order_by(Invoice.created_at.desc(), Invoice.id.desc())
        .limit(MOST_TOLD)
    ).all()


def is_followed_by(model: type[Refund] | type[Dispute]) -> ColumnElement[bool]:
    return exists().where(
        model.processor_account_id == InvoicePayment.processor_account_id,
        or_(
            model.stripe_payment_intent_id == InvoicePayment.stripe_payment_intent_id,
            model.stripe_charge_id == InvoicePayment.stripe_charge_id,
        ),
    )
