"""What was paid for an extra subscription, and what of it can be refunded."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices import disputes
from billingportal.domain.sync.object_types import INVOICE_PAYMENT
from billingportal.domain.sync.reconciliation import refresh
from billingportal.models import Invoice, InvoicePayment, Refund, Subscription
from billingportal.money import Money
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.payments import InvoicePaymentCopy

# A refund in one of these states moves its money.
GIVEN = ("succeeded", "pending", "requires_action")


@dataclass(frozen=True)
class Paid:
    """A paid invoice of an extra subscription, with the refunds and disputes of its payment.

    `rest` is what can be refunded: paid through Stripe, and not refunded yet.
    """

    stripe_invoice_id: str
    number: str
    amount: Money
    rest: Money
    troubles: Sequence[StatusText] = field(default=())


def paid_for(session: Session, held: Subscription) -> tuple[Paid, ...]:
    """The invoices of a subscription that were paid with money, oldest first."""
    rows = session.scalars(
        select(Invoice)
        .where(
            Invoice.processor_account_id == held.processor_account_id,
            Invoice.stripe_subscription_id == held.stripe_subscription_id,
            Invoice.amount_paid_minor > 0,
            Invoice.deleted_at.is_(None),
        )
        .order_by(Invoice.created_at, Invoice.id)
    ).all()
    ids = [row.stripe_invoice_id for row in rows]
    troubles = disputes.of_invoices(session, held.processor_account_id, ids) if ids else {}
    rests = refundable(session, held.processor_account_id, ids)
    return tuple(
        Paid(
            row.stripe_invoice_id,
            row.number or row.stripe_invoice_id,
            Money(row.amount_paid_minor, row.currency),
            Money(rests.get(row.stripe_invoice_id, 0), row.currency),
            troubles.get(row.stripe_invoice_id, ()),
        )
        for row in rows
    )


def refundable(session: Session, account_id: int, invoice_ids: Sequence[str]) -> dict[str, int]:
    """The minor units of the stored payments that are not refunded yet, by invoice."""
    payments = session.scalars(
        select(InvoicePayment).where(
            InvoicePayment.processor_account_id == account_id,
            InvoicePayment.stripe_invoice_id.in_(invoice_ids),
            InvoicePayment.status == "paid",
        )
    ).all()
    refunds = disputes.followers(session, Refund, account_id, payments)
    found: dict[str, int] = {}
    for one in payments:
        paid = one.amount_paid_minor if is_refundable(one) else 0
        found[one.stripe_invoice_id] = found.get(one.stripe_invoice_id, 0) + paid
    return {
        invoice_id: paid - sum(one.amount_minor for one in refunds[invoice_id] if one.status in GIVEN)
        for invoice_id, paid in found.items()
    }


def read_paid(transaction: Transaction, gateway: StripeGateway, account_id: int, subscription_id: str) -> None:
    """Read from Stripe what was paid for a subscription. Raises a StripeProblem."""
    with transaction() as session:
        ids = session.scalars(
            select(Invoice.stripe_invoice_id).where(
                Invoice.processor_account_id == account_id,
                Invoice.stripe_subscription_id == subscription_id,
                Invoice.amount_paid_minor > 0,
                Invoice.deleted_at.is_(None),
            )
        ).all()
    for invoice_id in ids:
        read_payments(transaction, gateway, account_id, invoice_id)


def read_payments(
    transaction: Transaction, gateway: StripeGateway, account_id: int, invoice_id: str
) -> list[InvoicePaymentCopy]:
    """The payments of an invoice that can be refunded, from Stripe; they are stored. Raises a StripeProblem."""
    found = [one for one in gateway.refunds.payments_of(invoice_id) if is_refundable(one)]
    for payment in found:
        refresh(transaction, gateway, account_id, INVOICE_PAYMENT, payment.stripe_invoice_payment_id)
    return found


def is_refundable(payment: InvoicePaymentCopy | InvoicePayment) -> bool:
    """Whether Stripe moved the money: a payment outside of Stripe has no charge to refund."""
    return bool(payment.stripe_payment_intent_id or payment.stripe_charge_id)
