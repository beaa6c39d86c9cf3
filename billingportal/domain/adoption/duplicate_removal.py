"""Cancels an extra subscription at Stripe and refunds its payments. Each step is safe to repeat."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from billingportal.db import Transaction
from billingportal.domain.adoption.duplicate_payments import GIVEN, read_payments
from billingportal.domain.sync.object_types import INVOICE, REFUND, SUBSCRIPTION
from billingportal.domain.sync.reconciliation import refresh
from billingportal.models import Invoice, Refund
from billingportal.money import Money
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.payments import InvoicePaymentCopy


@dataclass(frozen=True)
class Removing:
    """The subscription to remove, and its account."""

    account_id: int
    stripe_subscription_id: str

    def key(self, what: str) -> str:
        return f"duplicate-{self.account_id}-{self.stripe_subscription_id}-{what}"


def remove_at_stripe(transaction: Transaction, gateway: StripeGateway, removing: Removing) -> list[str]:
    """Cancel, void open invoices and refund paid ones. Returns Stripe's refusals in words. Raises a StripeProblem."""
    account_id, name = removing.account_id, removing.stripe_subscription_id
    gateway.refunds.end_without_bill(name, removing.key("end"))
    refresh(transaction, gateway, account_id, SUBSCRIPTION, name)
    with transaction() as session:
        rows = session.execute(
            select(Invoice.stripe_invoice_id, Invoice.status, Invoice.amount_paid_minor).where(
                Invoice.processor_account_id == account_id,
                Invoice.stripe_subscription_id == name,
                Invoice.deleted_at.is_(None),
            )
        ).all()
    refusals: list[str] = []
    for invoice_id, status, paid in rows:
        if status == "open":
            refusals += void(transaction, gateway, account_id, invoice_id)
        elif paid:
            refusals += give_back(transaction, gateway, removing, invoice_id)
    return refusals


def void(transaction: Transaction, gateway: StripeGateway, account_id: int, invoice_id: str) -> list[str]:
    try:
        gateway.subscriptions.give_up_invoice(invoice_id)
    except RequestRefused as refusal:
        refresh(transaction, gateway, account_id, INVOICE, invoice_id)
        return [f"Stripe did not void the invoice {invoice_id}: {refusal.message}"]
    refresh(transaction, gateway, account_id, INVOICE, invoice_id)
    return []


def give_back(transaction: Transaction, gateway: StripeGateway, removing: Removing, invoice_id: str) -> list[str]:
    """Refund each payment of an invoice that is not refunded in full yet. Returns Stripe's refusals in words."""
    refusals: list[str] = []
    for payment in read_payments(transaction, gateway, removing.account_id, invoice_id):
        rest = payment.amount_paid_minor - given_back(transaction, removing.account_id, payment)
        if rest <= 0:
            continue
        key = removing.key(f"refund-{payment.stripe_invoice_payment_id}-{rest}")
        try:
            refund_id = gateway.refunds.refund(payment, rest, "duplicate", key)
        except RequestRefused as refusal:
            amount = Money(rest, payment.currency)
            refusals.append(f"Stripe did not refund {amount} of the invoice {invoice_id}: {refusal.message}")
            continue
        refresh(transaction, gateway, removing.account_id, REFUND, refund_id)
    return refusals


def given_back(transaction: Transaction, account_id: int, payment: InvoicePaymentCopy) -> int:
    """The minor units of the stored refunds of a payment, succeeded or pending."""
    keys = [key for key in (payment.stripe_payment_intent_id, payment.stripe_charge_id) if key is not None]
    with transaction() as session:
        amounts = session.scalars(
            select(Refund.amount_minor).where(
                Refund.processor_account_id == account_id,
                Refund.status.in_(GIVEN),
                or_(Refund.stripe_payment_intent_id.in_(keys), Refund.stripe_charge_id.in_(keys)),
            )
        )
        return sum(amounts)
