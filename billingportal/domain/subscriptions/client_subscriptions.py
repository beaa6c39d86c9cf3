"""Selects a client's main subscription. Stripe allows several; the portal sells one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from billingportal.domain.subscriptions.invoice_history import BY_BILL, histories, is_paid
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import (
    Client,
    ClientCustomer,
    Customer,
    Entitlement,
    PaymentMethod,
    ProcessorAccount,
    Subscription,
)
from billingportal.models.stripe_objects.payment_method import is_source

# What happens at the end of a trial. `declined`: an invoice that nothing can be charged for. `unknown`: not read yet.
TrialOutcome = Literal["charged", "billed", "declined", "paused", "ended", "unknown"]
WITHOUT_METHOD: dict[str, TrialOutcome] = {"create_invoice": "declined", "pause": "paused", "cancel": "ended"}


def link_of(session: Session, client: Client) -> ClientCustomer | None:
    """The client's customer in the connected account of its mode, else the one linked last."""
    return session.scalars(
        select(ClientCustomer)
        .join(ProcessorAccount, ProcessorAccount.id == ClientCustomer.processor_account_id)
        .where(ClientCustomer.client_id == client.id, ProcessorAccount.mode == client.mode)
        .order_by((ProcessorAccount.state == "connected").desc(), ClientCustomer.linked_at.desc())
        .limit(1)
    ).one_or_none()


def find_customer(session: Session, account_id: int, stripe_customer_id: str) -> Customer | None:
    """The stored customer; None when it is not stored, or deleted at Stripe."""
    return session.scalar(
        select(Customer).where(
            Customer.processor_account_id == account_id,
            Customer.stripe_customer_id == stripe_customer_id,
            Customer.deleted_at.is_(None),
        )
    )


def default_method_id(
    session: Session, account_id: int, stripe_customer_id: str, subscription: Subscription | None
) -> str | None:
    """The payment method that Stripe charges: the subscription's own, else the customer's default."""
    chosen = subscription.default_stripe_payment_method_id if subscription else None
    return chosen or session.scalar(
        select(Customer.default_stripe_payment_method_id).where(
            Customer.processor_account_id == account_id, Customer.stripe_customer_id == stripe_customer_id
        )
    )


def find_method(
    session: Session, account_id: int, stripe_customer_id: str, payment_method_id: str
) -> PaymentMethod | None:
    """The stored payment method; None when it is not stored, or detached: then it can never be charged again."""
    return session.scalar(
        select(PaymentMethod).where(
            PaymentMethod.processor_account_id == account_id,
            PaymentMethod.stripe_payment_method_id == payment_method_id,
            PaymentMethod.stripe_customer_id == stripe_customer_id,
            PaymentMethod.deleted_at.is_(None),
        )
    )


def trial_outcome(session: Session, subscription: Subscription) -> TrialOutcome:
    """What happens at the end of the subscription's trial, as things are now."""
    if subscription.collection_method == BY_BILL:
        return "billed"
    account_id, customer_id = subscription.processor_account_id, subscription.stripe_customer_id
    chosen = default_method_id(session, account_id, customer_id, subscription)
    if chosen and (is_source(chosen) or find_method(session, account_id, customer_id, chosen)):
        return "charged"
    return WITHOUT_METHOD.get(subscription.missing_payment_method, "unknown")


def subscriptions_of(session: Session, link: ClientCustomer | None) -> Sequence[Subscription]:
    """All subscriptions of the customer, ended ones included, oldest first."""
    if link is None:
        return ()
    return session.scalars(
        select(Subscription)
        .where(
            Subscription.processor_account_id == link.processor_account_id,
            Subscription.stripe_customer_id == link.stripe_customer_id,
            Subscription.deleted_at.is_(None),
        )
        .order_by(Subscription.created_at, Subscription.id)
        .options(selectinload(Subscription.items))
        .execution_options(populate_existing=True)
    ).all()


def paid_ids(session: Session, subscriptions: Iterable[Subscription]) -> Collection[str]:
    """The ids of the live subscriptions that are paid or on trial, by one query.

    Customers with one live subscription are left out: there is nothing to choose from.
    """
    by_customer: dict[tuple[int, str], list[Subscription]] = defaultdict(list)
    for one in subscriptions:
        if one.status in LIVE_STATUSES:
            by_customer[one.processor_account_id, one.stripe_customer_id].append(one)
    rivals = [one for found in by_customer.values() if len(found) > 1 for one in found]
    return {one.stripe_subscription_id for one, invoices in histories(session, rivals) if is_paid(one, invoices)}


def main_of(
    subscriptions: Sequence[Subscription], present_id: str | None, paid: Collection[str] = ()
) -> Subscription | None:
    """The main subscription: a live one that is paid before one that is not (`paid` as `paid_ids` returns it).

    Among equals `present_id`, else the oldest. Without a live one, the newest incomplete or the newest ended.
    """
    running = [one for one in subscriptions if one.status in LIVE_STATUSES]
    running.sort(key=lambda one: (one.stripe_subscription_id not in paid, one.stripe_subscription_id != present_id))
    waiting = [one for one in subscriptions if one.status == "incomplete"]
    return next(iter([*running, *reversed(waiting), *reversed(subscriptions)]), None)


def others_of(subscriptions: Sequence[Subscription], main: Subscription | None) -> list[str]:
    """The ids of live subscriptions other than the main one, which should not exist."""
    return [one.stripe_subscription_id for one in subscriptions if one is not main and one.status in LIVE_STATUSES]


def running_of(session: Session, client: Client) -> Subscription | None:
    """The client's main subscription by the stored rows; None unless it is live."""
    present_id = session.scalar(select(Entitlement.stripe_subscription_id).where(Entitlement.client_id == client.id))
    subscriptions = subscriptions_of(session, link_of(session, client))
    found = main_of(subscriptions, present_id, paid_ids(session, subscriptions))
    return found if found is not None and found.status in LIVE_STATUSES else None
