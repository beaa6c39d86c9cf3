"""Opens, ends and fetches Stripe Checkout sessions. Call the functions that take a `transaction` with none
open."""

import re
from contextlib import suppress

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.clients.stripe_customers import customer_for
from billingportal.domain.entitlements import evaluation
from billingportal.domain.subscriptions import checkout_state
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CHECKOUT_SESSION, CUSTOMER
from billingportal.errors import Refusal
from billingportal.models import Checkout
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, StripeProblem, StripeUnreachable
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.checkouts import NewCheckout, OpenCheckout

MIXED_CURRENCIES = re.compile(r"combine currencies.*\b([a-z]{3})\b\.?\s*$", re.IGNORECASE | re.DOTALL)


def open_session(transaction: Transaction, gateway: StripeGateway, checkout_id: int) -> bool:
    """Create an intent's session at Stripe. Returns whether it is open now. Concurrent calls get the same session.

    Raises Refusal when Stripe refuses, and StripeProblem.
    """
    with transaction() as session:
        checkout = session.get_one(Checkout, checkout_id)
        account_id, client_id, token = checkout.processor_account_id, checkout.client_id, checkout.token
        request = NewCheckout.from_json(checkout.request)
    customer_id = customer_for(transaction, gateway, account_id, client_id)
    try:
        opened = gateway.create_checkout(customer_id, request, f"checkout-{account_id}-{token}")
    except NotThere as problem:
        fail_session(transaction, checkout_id, problem)
        reconciliation.refresh(transaction, gateway, account_id, CUSTOMER, customer_id)
        return False
    except RequestRefused as problem:
        fail_session(transaction, checkout_id, problem)
        raise refusal_of(problem) from None
    except StripeUnreachable:
        if is_open(transaction, checkout_id):
            return True
        raise
    return record_session(transaction, checkout_id, opened)


def record_session(transaction: Transaction, checkout_id: int, opened: OpenCheckout) -> bool:
    """Store the session that Stripe opened. Returns whether the checkout is open now."""
    with transaction() as session:
        checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
        if checkout.state == "intended":
            checkout.state = "open"
            checkout.stripe_checkout_session_id = opened.stripe_checkout_session_id
            checkout.url, checkout.expires_at = opened.url, opened.expires_at
        return checkout.state == "open"


def fail_session(transaction: Transaction, checkout_id: int, problem: StripeProblem) -> None:
    """Mark the intent as failed: Stripe created no session for it."""
    with transaction() as session:
        checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
        if checkout.state == "intended":
            checkout.state, checkout.problem, checkout.ended_at = "failed", problem.message, clock.now()


def refusal_of(problem: RequestRefused) -> Refusal:
    """Stripe's refusal in words for clients."""
    locked = MIXED_CURRENCIES.search(problem.message)
    if locked is None:
        return Refusal("", f"Stripe did not open a checkout: {problem.message}")
    currency = locked.group(1).upper()
    words = (
        f"Your payments are in {currency}, and Stripe cannot mix currencies for one client. "
        f"Choose {currency}, or ask us to change it once nothing in {currency} is running any more."
    )
    return Refusal("currency", words)


def is_open(transaction: Transaction, checkout_id: int) -> bool:
    with transaction() as session:
        return session.get_one(Checkout, checkout_id).state == "open"


def is_still_open(transaction: Transaction, gateway: StripeGateway, checkout_id: int) -> bool:
    """Whether the session can still be paid, by its present state at Stripe. Raises a StripeProblem."""
    look_again(transaction, gateway, checkout_id)
    return is_open(transaction, checkout_id)


def withdraw_session(transaction: Transaction, gateway: StripeGateway, checkout_id: int) -> None:
    """Expire an open session at Stripe, so that it can no longer be paid. If it was paid already, the checkout is
    complete afterwards. Raises a StripeProblem."""
    with transaction() as session:
        checkout = session.get_one(Checkout, checkout_id)
        session_id = checkout.stripe_checkout_session_id if checkout.state == "open" else None
    if session_id is None:
        return
    with suppress(RequestRefused):  # It is complete or has expired: the fetch below shows which.
        gateway.expire_checkout(session_id)
    look_again(transaction, gateway, checkout_id)


def look_again(transaction: Transaction, gateway: StripeGateway, checkout_id: int) -> None:
    """Fetch the session, its subscription and latest invoice, and evaluate the client. Raises a StripeProblem."""
    with transaction() as session:
        checkout = session.get_one(Checkout, checkout_id)
        account_id, client_id = checkout.processor_account_id, checkout.client_id
        session_id = checkout.stripe_checkout_session_id
    if session_id is None:
        return
    reconciliation.refresh(transaction, gateway, account_id, CHECKOUT_SESSION, session_id)
    with transaction() as session:
        told = checkout_state.session_of(session, session.get_one(Checkout, checkout_id))
        subscription_id = told.stripe_subscription_id if told else None
    if subscription_id is not None:
        reconciliation.refresh_subscription(transaction, gateway, account_id, subscription_id)
    with transaction() as session:
        evaluation.evaluate(session, client_id)
