"""Pages of the customers that belong to no client, and those of them that can become clients without a question."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, or_
from sqlalchemy.orm import Session

from billingportal.domain.subscriptions.unlinked_customers import is_linked, is_running, unlinked_customers
from billingportal.models import (
    AdoptionRequest,
    Client,
    Customer,
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
    """A page of the unlinked customers, or of the ignored ones; the last page when `number` is too high.

    Those who want an account come first, then all by name. `words` filter by name, email address or id.
    """
    wanted = unlinked_customers(account_id, ignored=ignored)
    if words.strip():
        wanted = wanted.where(is_called(words.strip()))
    total = session.scalar(wanted.with_only_columns(func.count())) or 0
    shown = max(1, min(number, -(-total // PAGE_SIZE)))
    by_name = wanted.order_by(~is_requested(), func.lower(func.coalesce(Customer.name, Customer.email)), Customer.id)
    rows = session.scalars(by_name.limit(PAGE_SIZE).offset((shown - 1) * PAGE_SIZE)).all()
    return CustomerPage(rows, total, shown)


def count_customers(session: Session, account_id: int, *, ignored: bool = False) -> int:
    return session.scalar(unlinked_customers(account_id, ignored=ignored).with_only_columns(func.count())) or 0


def count_requested(session: Session, account_id: int) -> int:
    """How many unlinked customers tried to sign up or to buy."""
    wanted = unlinked_customers(account_id).where(is_requested())
    return session.scalar(wanted.with_only_columns(func.count())) or 0


def is_requested() -> ColumnElement[bool]:
    """SQL condition: somebody with the customer's address tried to sign up or to buy."""
    return exists().where(
        AdoptionRequest.processor_account_id == Customer.processor_account_id,
        AdoptionRequest.canonical_email == Customer.canonical_email,
    )


def is_called(words: str) -> ColumnElement[bool]:
    columns = (Customer.name, Customer.email)
    parts = [func.lower(column).contains(words.lower(), autoescape=True) for column in columns]
    return or_(Customer.stripe_customer_id == words, *parts)


def ready_customers(account: ProcessorAccount) -> Select[Customer]:
    """Customers that can become clients without a question: a plan has one of their prices, they have a possible
    email address, and no client has that address or, archived, the customer."""
    has_plan = exists().where(
        is_running(),
        SubscriptionItem.subscription_id == Subscription.id,
        PlanPrice.processor_account_id == Customer.processor_account_id,
        PlanPrice.stripe_price_id == SubscriptionItem.stripe_price_id,
    )
    is_known = exists().where(
        Client.mode == account.mode, Client.archived_at.is_(None), Client.canonical_email == Customer.canonical_email
    )
    return unlinked_customers(account.id).where(
        Customer.canonical_email.is_not(None), has_plan, ~is_known, ~is_linked()
    )
