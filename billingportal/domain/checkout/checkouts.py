"""Starts checkouts: one open checkout session per client, regardless of how many tabs and devices request it.

The intent is stored first, with the whole request to Stripe. A caller that finds an intent, or loses Stripe's answer,
sends the same request again under the same idempotency key and gets the same session.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.checkout import known_addresses
from billingportal.domain.checkout import sessions as checkout_sessions
from billingportal.domain.checkout.known_addresses import PaysAtStripe
from billingportal.domain.checkout.requests import Wanted, is_same, request_for
from billingportal.domain.clients.stripe_customers import link_of
from billingportal.domain.common import audit
from billingportal.domain.common.locks import CLIENTS, take_turns
from billingportal.domain.subscriptions import checkout_state
from billingportal.domain.subscriptions.status import ENDED_STATUSES
from billingportal.errors import Conflict, Refusal
from billingportal.models import Checkout, Client, Subscription
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.checkouts import NewCheckout

ROUNDS = 6


class AlreadySubscribed(Refusal):
    """The client has a subscription: another plan is a change of it, never a second one."""

    def __init__(self) -> None:
        super().__init__("", "You have a subscription already. Change it instead of buying a second one.")


@dataclass(frozen=True)
class Running:
    """A snapshot of a client's running checkout. `is_wanted`: it sells the requested purchase to the same visitor."""

    id: int
    state: str
    is_wanted: bool


def start_checkout(transaction: Transaction, gateway: StripeGateway, wanted: Wanted) -> Checkout:
    """The client's one open checkout, with its `url`. Call it with no transaction open.

    A checkout of another purchase or visitor is ended at Stripe first. Raises AlreadySubscribed, PaysAtStripe, Refusal,
    Conflict and StripeProblem.
    """
    refuse_second_subscription(transaction, gateway, wanted)
    for _ in range(ROUNDS):
        with transaction() as session:
            found = find_or_intend(session, wanted)
        if found.is_wanted:
            if is_ready(transaction, gateway, found):
                with transaction() as session:
                    return session.get_one(Checkout, found.id)
        else:
            make_room(transaction, gateway, found)
    raise Conflict("Several choices were made at once. Choose again.")


def refuse_second_subscription(transaction: Transaction, gateway: StripeGateway, wanted: Wanted) -> None:
    """Ask Stripe before a first order whether the client's address pays there already. Raises PaysAtStripe, and a
    StripeProblem."""
    with transaction() as session:
        client = session.get_one(Client, wanted.client_id)
        name, email, canonical_email = client.name, client.email, client.canonical_email
        is_checked = checkout_state.open_checkout(session, client.id) is not None
        if is_checked or is_subscribed(session, wanted.account_id, client.id):
            return
    known_addresses.read_customers(transaction, gateway, wanted.account_id, email)
    with transaction() as session:
        take_turns(session, CLIENTS)
        pays = known_addresses.pays_at_stripe(session, wanted.account_id, canonical_email)
        if pays:
            known_addresses.request_adoption(session, wanted.account_id, canonical_email, name)
    if pays:
        raise PaysAtStripe


def is_ready(transaction: Transaction, gateway: StripeGateway, wanted: Running) -> bool:
    """Whether the wanted checkout is open at Stripe now; opens an intent. Raises Refusal and StripeProblem."""
    if wanted.state == "intended":
        return checkout_sessions.open_session(transaction, gateway, wanted.id)
    return checkout_sessions.is_still_open(transaction, gateway, wanted.id)


def make_room(transaction: Transaction, gateway: StripeGateway, other: Running) -> None:
    """End a checkout of another purchase. For an intent, the same request is sent again first, since Stripe may have
    created its session already. Raises a StripeProblem."""
    if other.state == "intended":
        with suppress(Refusal):
            checkout_sessions.open_session(transaction, gateway, other.id)
    checkout_sessions.withdraw_session(transaction, gateway, other.id)


def find_or_intend(session: Session, wanted: Wanted) -> Running:
    """The client's running checkout, or a new intent. Raises AlreadySubscribed and Refusal."""
    client = session.get_one(Client, wanted.client_id, with_for_update={"key_share": True})
    if client.archived_at is not None or client.suspended_at is not None:
        raise Refusal("", "This account is closed. Write to us to open it again.")
    if is_subscribed(session, wanted.account_id, client.id):
        raise AlreadySubscribed
    token = secrets.token_urlsafe(24)
    request = request_for(session, wanted, client, token)
    running = checkout_state.open_checkout(session, client.id)
    if running is not None and running.processor_account_id != wanted.account_id:
        checkout_state.expire_checkout(session, running, "Another Stripe account sells now: the checkout is given up")
        session.flush()
        running = None
    if running is not None:
        same = running.plan_id == wanted.plan_id and running.visitor == wanted.visitor
        return Running(running.id, running.state, same and is_same(NewCheckout.from_json(running.request), request))
    return Running(add_checkout(session, wanted, request, token).id, "intended", True)


def is_subscribed(session: Session, account_id: int, client_id: int) -> bool:
    """Whether the client has a subscription, or has just bought one that is not stored yet."""
    link = link_of(session, account_id, client_id)
    if link is None:
        return False
    told = session.execute(
        select(Subscription.stripe_subscription_id, Subscription.status).where(
            Subscription.processor_account_id == account_id,
            Subscription.stripe_customer_id == link.stripe_customer_id,
            Subscription.deleted_at.is_(None),
        )
    )
    known = {row.stripe_subscription_id: row.status for row in told}
    bought = session.scalars(
        select(Checkout.stripe_subscription_id).where(
            Checkout.client_id == client_id, Checkout.processor_account_id == account_id, Checkout.state == "complete"
        )
    )
    return any(status not in ENDED_STATUSES for status in known.values()) or any(
        one not in known for one in bought if one
    )


def add_checkout(session: Session, wanted: Wanted, request: NewCheckout, token: str) -> Checkout:
    checkout = Checkout(
        client_id=wanted.client_id,
        processor_account_id=wanted.account_id,
        plan_id=wanted.plan_id,
        choice=wanted.selection.to_json(),
        request=request.to_json(),
        token=token,
        visitor=wanted.visitor,
        access_generation=session.get_one(Client, wanted.client_id).access_generation,
        state="intended",
        expires_at=datetime.fromtimestamp(request.expires_at, UTC),
        created_at=clock.now(),
    )
    session.add(checkout)
    session.flush()
    audit.record_act(
        session,
        audit.Act(
            "checkout.started",
            f"Went to the checkout of {checkout.plan.name}",
            actor="client",
            subject=("client", wanted.client_id),
            processor_account_id=wanted.account_id,
        ),
    )
    return checkout
