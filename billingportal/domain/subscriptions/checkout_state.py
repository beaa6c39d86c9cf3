"""Updates a client's checkout from the stored state of its Stripe session."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit
from billingportal.models import Checkout, CheckoutSession, Client, ProcessorAccount

OPEN_STATES = ("intended", "open")
# Our clock and Stripe's may differ by this much.
MARGIN = timedelta(minutes=10)


def follow_checkout(session: Session, client: Client) -> None:
    """Update the client's open checkout from its stored session, in the caller's transaction.

    The webhook, the client's return from Stripe and the worker all end here, in any order.
    """
    checkout = open_checkout(session, client.id)
    if checkout is None:
        return
    told = session_of(session, checkout)
    if told is not None and told.status == "complete":
        complete_checkout(session, checkout, told)
    elif told is not None and told.status == "expired":
        expire_checkout(session, checkout, "Left the checkout without paying: it has expired")
    elif is_lost(session, checkout):
        expire_checkout(session, checkout, "A checkout that nobody finished has expired")


def open_checkout(session: Session, client_id: int) -> Checkout | None:
    """The checkout that is intended or open; there is at most one."""
    return session.scalar(select(Checkout).where(Checkout.client_id == client_id, Checkout.state.in_(OPEN_STATES)))


def session_of(session: Session, checkout: Checkout) -> CheckoutSession | None:
    """The stored Stripe session of the checkout, or None while none is stored."""
    if checkout.stripe_checkout_session_id is None:
        return None
    return session.scalar(
        select(CheckoutSession).where(
            CheckoutSession.processor_account_id == checkout.processor_account_id,
            CheckoutSession.stripe_checkout_session_id == checkout.stripe_checkout_session_id,
        )
    )


def is_lost(session: Session, checkout: Checkout) -> bool:
    """Whether the checkout has surely expired at Stripe and no event about it is expected: the response with its URL
    never came, so nobody can open it, or the account is no longer connected."""
    if checkout.expires_at is None or clock.now() < checkout.expires_at + MARGIN:
        return False
    account = session.get_one(ProcessorAccount, checkout.processor_account_id)
    return checkout.state == "intended" or account.state != "connected"


def complete_checkout(session: Session, checkout: Checkout, told: CheckoutSession) -> None:
    checkout.state = "complete"
    checkout.stripe_subscription_id = told.stripe_subscription_id
    checkout.ended_at = clock.now()
    record_checkout(session, checkout, "checkout.completed", f"Completed the checkout of {checkout.plan.name}")


def expire_checkout(session: Session, checkout: Checkout, words: str) -> None:
    checkout.state = "expired"
    checkout.ended_at = clock.now()
    record_checkout(session, checkout, "checkout.expired", words)


def record_checkout(session: Session, checkout: Checkout, action: str, words: str) -> None:
    audit.record_act(
        session,
        audit.Act(
            action,
            words,
            actor="sync",
            subject=("client", checkout.client_id),
            processor_account_id=checkout.processor_account_id,
        ),
    )
