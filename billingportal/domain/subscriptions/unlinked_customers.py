"""Customers with a running subscription that belong to no client, or to an archived one only: they subscribed before
the account was connected, or directly at Stripe."""

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import Client, ClientCustomer, Customer, IgnoredCustomer, Subscription


def unlinked_customers(account_id: int, *, ignored: bool = False) -> Select[Customer]:
    """Unlinked customers, and those of archived clients.

    The conditions that rule out most come first: SQLite checks them in this order.
    """
    return select(Customer).where(
        Customer.processor_account_id == account_id,
        Customer.deleted_at.is_(None),
        ~has_client(),
        exists().where(is_running()),
        is_ignored() if ignored else ~is_ignored(),
    )


def has_client() -> ColumnElement[bool]:
    """SQL condition: the customer is linked to a client that is not archived."""
    return exists().where(
        ClientCustomer.processor_account_id == Customer.processor_account_id,
        ClientCustomer.stripe_customer_id == Customer.stripe_customer_id,
        ClientCustomer.client_id == Client.id,
        Client.archived_at.is_(None),
    )


def is_linked() -> ColumnElement[bool]:
    """SQL condition: the customer is linked to a client, perhaps an archived one."""
    return exists().where(
        ClientCustomer.processor_account_id == Customer.processor_account_id,
        ClientCustomer.stripe_customer_id == Customer.stripe_customer_id,
    )


def is_ignored() -> ColumnElement[bool]:
    """SQL condition: staff said that the customer is not theirs."""
    return exists().where(
        IgnoredCustomer.processor_account_id == Customer.processor_account_id,
        IgnoredCustomer.stripe_customer_id == Customer.stripe_customer_id,
    )


def is_running() -> ColumnElement[bool]:
    """SQL condition: the subscription is the customer's and runs."""
    return (
        (Subscription.processor_account_id == Customer.processor_account_id)
        & (Subscription.stripe_customer_id == Customer.stripe_customer_id)
        & Subscription.status.in_(LIVE_STATUSES)
        & Subscription.deleted_at.is_(None)
    )


def pays_without_client(session: Session, account_id: int, canonical_email: str) -> bool:
    """Whether a customer with this address has a running subscription and no client, or an archived one only.

    A customer that staff ignore may sign up: its subscription is for something else.
    """
    found = select(Customer.id).where(
        Customer.processor_account_id == account_id,
        Customer.canonical_email == canonical_email,
        Customer.deleted_at.is_(None),
        exists().where(is_running()),
        ~has_client(),
        ~is_ignored(),
    )
    return session.scalar(found.limit(1)) is not None
