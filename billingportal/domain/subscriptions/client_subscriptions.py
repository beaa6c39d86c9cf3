"""Selects a client's main subscription. Stripe allows several; the portal sells one."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import Client, ClientCustomer, ProcessorAccount, Subscription


def link_of(session: Session, client: Client) -> ClientCustomer | None:
    """The client's customer in the connected account of its mode, else the one linked last."""
    return session.scalars(
        select(ClientCustomer)
        .join(ProcessorAccount, ProcessorAccount.id == ClientCustomer.processor_account_id)
        .where(ClientCustomer.client_id == client.id, ProcessorAccount.mode == client.mode)
        .order_by((ProcessorAccount.state == "connected").desc(), ClientCustomer.linked_at.desc())
        .limit(1)
    ).one_or_none()


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


def main_of(subscriptions: Sequence[Subscription], present_id: str | None) -> Subscription | None:
    """The main subscription: `present_id` while it is live, else the oldest live, newest incomplete or newest ended."""
    running = [one for one in subscriptions if one.status in LIVE_STATUSES]
    kept = next((one for one in running if one.stripe_subscription_id == present_id), None)
    waiting = [one for one in subscriptions if one.status == "incomplete"]
    return kept or next(iter([*running, *reversed(waiting), *reversed(subscriptions)]), None)


def others_of(subscriptions: Sequence[Subscription], main: Subscription | None) -> list[str]:
    """The ids of live subscriptions other than the main one, which should not exist."""
    return [one.stripe_subscription_id for one in subscriptions if one is not main and one.status in LIVE_STATUSES]


def running_of(session: Session, client: Client) -> Subscription | None:
    """The client's main subscription by the stored rows; None unless it is live."""
    found = main_of(subscriptions_of(session, link_of(session, client)), None)
    return found if found is not None and found.status in LIVE_STATUSES else None
