"""Writes a client's name and email to its Stripe customer, and fetches the client's objects from Stripe."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.clients.stripe_customers import link_of
from billingportal.domain.connection import processor_accounts
from billingportal.domain.entitlements import evaluation
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import (
    CUSTOMER,
    INVOICE,
    PAYMENT_METHOD,
    SUBSCRIPTION,
    TEST_CLOCK,
    ObjectType,
)
from billingportal.models import Client, Customer, Invoice, ProcessorAccount, Subscription
from billingportal.models.stripe_objects.payment_method import is_source
from billingportal.stripe_gateway.gateway import StripeGateway

# Only so many of the newest subscriptions and invoices are fetched; older ones hardly change.
NEWEST = 5
Wanted = list[tuple[ObjectType, str]]


def update_customer(transaction: Transaction, gateway: StripeGateway, account_id: int, client_id: int) -> bool:
    """Copy the client's name and email to its customer, if there is one. Returns whether Stripe was updated.

    Call it with no transaction open. Raises a StripeProblem.
    """
    with transaction() as session:
        client = session.get_one(Client, client_id)
        link = link_of(session, account_id, client_id)
        if link is None or is_told(session, client, account_id, link.stripe_customer_id):
            return False
        customer_id, name, email = link.stripe_customer_id, client.name, client.canonical_email
    gateway.update_customer(customer_id, name, email)
    reconciliation.refresh(transaction, gateway, account_id, CUSTOMER, customer_id)
    return True


def is_told(session: Session, client: Client, account_id: int, customer_id: str) -> bool:
    customer = session.scalar(
        select(Customer).where(Customer.processor_account_id == account_id, Customer.stripe_customer_id == customer_id)
    )
    return customer is not None and (customer.name, customer.canonical_email) == (client.name, client.canonical_email)


def fetch_from_stripe(transaction: Transaction, gateway: StripeGateway, account_id: int, client_id: int) -> None:
    """Read the client's customer, subscriptions and newest invoices from Stripe, and evaluate the client.

    Requests a catch-up as well, in which the worker fetches objects that are not stored yet. Raises a StripeProblem.
    """
    with transaction() as session:
        wanted = known(session, account_id, client_id)
        account = session.get_one(ProcessorAccount, account_id)
        processor_accounts.catch_up_of(session, account).request(now())
    for kind, object_id in wanted:
        reconciliation.refresh(transaction, gateway, account_id, kind, object_id)
    with transaction() as session:
        evaluation.evaluate(session, client_id)


def known(session: Session, account_id: int, client_id: int) -> Wanted:
    """The types and ids of the stored Stripe objects that a client's page shows."""
    link = link_of(session, account_id, client_id)
    if link is None:
        return []
    mine = (account_id, link.stripe_customer_id)
    return [*of_customer(session, *mine), *of_subscriptions(session, *mine), *of_invoices(session, *mine)]


def of_customer(session: Session, account_id: int, customer_id: str) -> Wanted:
    row = session.execute(
        select(Customer.stripe_test_clock_id, Customer.default_stripe_payment_method_id).where(
            Customer.processor_account_id == account_id, Customer.stripe_customer_id == customer_id
        )
    ).one_or_none()
    clock_id, method_id = (row.stripe_test_clock_id, row.default_stripe_payment_method_id) if row else (None, None)
    return [
        *([(TEST_CLOCK, clock_id)] if clock_id else []),
        (CUSTOMER, customer_id),
        *([(PAYMENT_METHOD, method_id)] if method_id and not is_source(method_id) else []),
    ]


def of_subscriptions(session: Session, account_id: int, customer_id: str) -> Wanted:
    rows = session.scalars(
        select(Subscription)
        .where(Subscription.processor_account_id == account_id, Subscription.stripe_customer_id == customer_id)
        .order_by(Subscription.id.desc())
        .limit(NEWEST)
    ).all()
    methods = {row.default_stripe_payment_method_id for row in rows if row.default_stripe_payment_method_id}
    return [
        *((SUBSCRIPTION, row.stripe_subscription_id) for row in rows),
        *((PAYMENT_METHOD, method_id) for method_id in sorted(methods) if not is_source(method_id)),
    ]


def of_invoices(session: Session, account_id: int, customer_id: str) -> Wanted:
    ids = session.scalars(
        select(Invoice.stripe_invoice_id)
        .where(Invoice.processor_account_id == account_id, Invoice.stripe_customer_id == customer_id)
        .order_by(Invoice.created_at.desc(), Invoice.id.desc())
        .limit(NEWEST)
    )
    return [(INVOICE, invoice_id) for invoice_id in ids]
