"""Customers with a running subscription that belong to no client: they subscribed before the account was connected, or
directly at Stripe."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import (
    Client,
    ClientCustomer,
    Customer,
    IgnoredCustomer,
    PlanPrice,
    ProcessorAccount,
    Subscription,
    SubscriptionItem,
)

PAGE_SIZE = 25


@dataclass(frozen=True)
class CustomerPage:
    """One page of customers. `total` counts the customers of all pages."""

    customers: Sequence[Customer]
    total: int
    number: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.customers) - 1

    @property
    def is_last(self) -> bool:
        return self.number * PAGE_SIZE >= self.total


def customer_page(session: Session, account_id: int, words: str, number: int, *, ignored: bool = False) -> CustomerPage:
    """A page of the unlinked customers, or of the ignored ones, by name; the last page when `number` is too high.
    `words` filter by name, email address or id."""
    wanted = unowned(account_id, ignored=ignored)
    if words.strip():
        wanted = wanted.where(is_called(words.strip()))
    total = session.scalar(wanted.with_only_columns(func.count())) or 0
    shown = max(1, min(number, -(-total // PAGE_SIZE)))
    by_name = wanted.order_by(func.lower(func.coalesce(Customer.name, Customer.email)), Customer.id)
    rows = session.scalars(by_name.limit(PAGE_SIZE).offset((shown - 1) * PAGE_SIZE)).all()
    return CustomerPage(rows, total, shown)


def count_customers(session: Session, account_id: int, *, ignored: bool = False) -> int:
    return session.scalar(unowned(account_id, ignored=ignored).with_only_columns(func.count())) or 0


def unowned(account_id: int, *, ignored: bool = False) -> Select[Customer]:
    """Unlinked customers. The conditions that rule out most come first: SQLite checks them in this order."""
    is_ignored = of_customer(IgnoredCustomer)
    return select(Customer).where(
        Customer.processor_account_id == account_id,
        Customer.deleted_at.is_(None),
        ~of_customer(ClientCustomer),
        exists().where(is_running()),
        is_ignored if ignored else ~is_ignored,
    )


def of_customer(model: type[ClientCustomer] | type[IgnoredCustomer]) -> ColumnElement[bool]:
    """SQL condition: the customer has a row of this model."""
    return exists().where(
        model.processor_account_id == Customer.processor_account_id,
        model.stripe_customer_id == Customer.stripe_customer_id,
    )


def is_running() -> ColumnElement[bool]:
    """SQL condition: the subscription is the customer's and runs."""
    return (
        (Subscription.processor_account_id == Customer.processor_account_id)
        & (Subscription.stripe_customer_id == Customer.stripe_customer_id)
        & Subscription.status.in_(LIVE_STATUSES)
        & Subscription.deleted_at.is_(None)
    )


def is_called(words: str) -> ColumnElement[bool]:
    columns = (Customer.name, Customer.email)
    parts = [func.lower(column).contains(words.lower(), autoescape=True) for column in columns]
    return or_(Customer.stripe_customer_id == words, *parts)


def ready_customers(account: ProcessorAccount) -> Select[Customer]:
    """Customers that can become clients without a question: a plan has one of their prices, they have a possible
    email address, and no client has that address."""
    has_plan = exists().where(
        is_running(),
        SubscriptionItem.subscription_id == Subscription.id,
        PlanPrice.processor_account_id == Customer.processor_account_id,
        PlanPrice.stripe_price_id == SubscriptionItem.stripe_price_id,
    )
    is_known = exists().where(
        Client.mode == account.mode, Client.archived_at.is_(None), Client.canonical_email == Customer.canonical_email
    )
    return unowned(account.id).where(Customer.canonical_email.is_not(None), has_plan, ~is_known)
