"""Payments that a bank is still working on: a debit takes days, and nothing else may be paid for it meanwhile."""

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from billingportal.models import ClientCustomer, Invoice, PaymentAttempt, Subscription


def invoices_under_way(session: Session, link: ClientCustomer | None) -> frozenset[str]:
    """The Stripe ids of the customer's invoices whose payment is under way."""
    if link is None:
        return frozenset()
    mine = and_(
        Invoice.processor_account_id == link.processor_account_id,
        Invoice.stripe_customer_id == link.stripe_customer_id,
        Invoice.status == "open",
        Invoice.deleted_at.is_(None),
    )
    deduced = select(Invoice.stripe_invoice_id).join(Subscription, is_latest_of_subscription())
    read = select(Invoice.stripe_invoice_id).join(PaymentAttempt, is_attempt_of_invoice())
    found = session.scalars(deduced.where(mine, is_under_way()).union(read.where(mine, is_processing())))
    return frozenset(found)


def is_attempt_of_invoice() -> ColumnElement[bool]:
    return and_(
        PaymentAttempt.processor_account_id == Invoice.processor_account_id,
        PaymentAttempt.stripe_invoice_id == Invoice.stripe_invoice_id,
    )


def is_processing() -> ColumnElement[bool]:
    """SQL condition: the last attempt to pay the invoice was read from Stripe, and a bank works on it."""
    return and_(PaymentAttempt.intent_status == "processing", PaymentAttempt.invoice_revision >= Invoice.revision)


def is_latest_of_subscription() -> ColumnElement[bool]:
    return and_(
        Subscription.processor_account_id == Invoice.processor_account_id,
        Subscription.latest_stripe_invoice_id == Invoice.stripe_invoice_id,
        Subscription.deleted_at.is_(None),
    )


def is_under_way() -> ColumnElement[bool]:
    """SQL condition on an invoice and its subscription.

    Stripe charges an invoice as it finalizes it, and a subscription is past due as soon as that fails. So while it is
    active and no other attempt is planned, the payment of its open invoice has neither failed nor arrived.
    """
    return and_(
        Invoice.amount_remaining_minor > 0,
        Invoice.collection_method == "charge_automatically",
        Invoice.next_attempt_at.is_(None),
        Subscription.status == "active",
        Subscription.pending_update_expires_at.is_(None),
    )
