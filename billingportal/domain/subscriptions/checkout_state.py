"""Brings what a client set out to buy in line with what Stripe told of its checkout session."""

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
    """Bring the client's running checkout in line with its mirrored session, in the caller's transaction.

    Webhook, the way back and the worker all end here, in whatever order they come.
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
    """Its session at Stripe, as far as Stripe has told of it."""
    if checkout.stripe_checkout_session_id is None:
        return None
    return session.scalar(
        select(CheckoutSession).where(
            CheckoutSession.processor_account_id == checkout.processor_account_id,
            CheckoutSession.stripe_checkout_session_id == checkout.stripe_checkout_session_id,
        )
    )


def is_lost(session: Session, checkout: Checkout) -> bool:
    """Whether Stripe will never tell what became of it, while it has surely expired there: the answer with its address
    never came, so nobody has it, or the account is not connected any more."""
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
