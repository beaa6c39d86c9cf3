"""Fetches checkouts that are past their expiry from Stripe, in case their webhook events were lost."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.checkout import abandoned_sign_ups
from billingportal.domain.checkout import sessions as checkout_sessions
from billingportal.domain.entitlements import evaluation
from billingportal.domain.subscriptions import checkout_state
from billingportal.models import Checkout, ProcessorAccount
from billingportal.stripe_gateway.gateway import StripeGateway

# Stripe expires a session a little after its time.
PATIENCE = timedelta(minutes=2)
BATCH = 50


def due_accounts(session: Session) -> list[int]:
    """The ids of connected accounts with open checkouts past their expiry."""
    wanted = (
        select(Checkout.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == Checkout.processor_account_id)
        .where(
            Checkout.state == "open",
            Checkout.expires_at <= clock.now() - PATIENCE,
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
        )
    )
    return list(session.scalars(wanted))


def look_at_due(transaction: Transaction, gateway: StripeGateway, account_id: int) -> int:
    """Fetch the account's checkouts past their expiry. Returns how many. Two workers may do so at once.

    Raises a StripeProblem.
    """
    with transaction() as session:
        due = session.scalars(
            select(Checkout.id)
            .where(
                Checkout.processor_account_id == account_id,
                Checkout.state == "open",
                Checkout.expires_at <= clock.now() - PATIENCE,
            )
            .order_by(Checkout.expires_at)
            .limit(BATCH)
        ).all()
    for checkout_id in due:
        checkout_sessions.look_again(transaction, gateway, checkout_id)
    return len(due)


def tidy_up(transaction: Transaction) -> None:
    """Expire checkouts that can no longer complete, and archive sign-ups that were never paid."""
    with transaction() as session:
        for client_id in lost_checkouts(session):
            evaluation.evaluate(session, client_id)
    more = True
    while more:
        with transaction() as session:
            more = abandoned_sign_ups.archive_due(session) == abandoned_sign_ups.BATCH


def lost_checkouts(session: Session) -> list[int]:
    """The ids of clients whose running checkout never got a session, or is at an account no longer connected."""
    running = select(Checkout).where(
        Checkout.state.in_(checkout_state.OPEN_STATES), Checkout.expires_at <= clock.now() - checkout_state.MARGIN
    )
    return [one.client_id for one in session.scalars(running.limit(BATCH)) if checkout_state.is_lost(session, one)]
