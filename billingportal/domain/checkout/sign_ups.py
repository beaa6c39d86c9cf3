"""Sign-up from the pricing page. A free plan is active at once; a paid plan needs a checkout first.

A visitor is told that an address has an account. Partners who do not want that confirm addresses first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.auth.visitor_throttle import admit_visitor
from billingportal.domain.checkout import abandoned_sign_ups, checkouts, known_addresses
from billingportal.domain.checkout import sessions as checkout_sessions
from billingportal.domain.checkout.checkouts import AlreadySubscribed
from billingportal.domain.checkout.requests import Wanted
from billingportal.domain.clients import clients, workspaces
from billingportal.domain.clients.clients import ClientDraft, ClientTerms
from billingportal.domain.common import audit
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.domain.common.locks import CLIENTS, take_turns
from billingportal.domain.entitlements import evaluation
from billingportal.domain.offers import selection as offer_selection
from billingportal.domain.offers.selection import Selection
from billingportal.domain.subscriptions import checkout_state, client_subscriptions
from billingportal.errors import Conflict, Refusal
from billingportal.models import Checkout, Client, Plan
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.gateway import StripeGateway

ROUNDS = 4


@dataclass(frozen=True)
class Applicant:
    """The typed sign-up form. `visitor` is the browser, so that two of its tabs are one sign-up; `address` its IP.

    `accepted_terms` is the URL of the terms that were accepted, empty when there are none.
    """

    name: str
    email: str
    workspace_name: str
    visitor: str
    address: str
    accepted_terms: str = ""


@dataclass(frozen=True)
class Order:
    """A visitor's choice. `selection` is None for a free plan, `account_id` when no account is connected. The URLs are
    the return URLs of the checkout."""

    mode: Mode
    plan_id: int
    selection: Selection | None
    account_id: int | None
    success_url: str = ""
    cancel_url: str = ""


@dataclass(frozen=True)
class SignedUp:
    """`client_id` is None when the email address has an account. `pays_at_stripe`: it is that of a customer at Stripe
    with a subscription and without a client."""

    client_id: int | None
    is_buying: bool = False
    pays_at_stripe: bool = False


def sign_up(transaction: Transaction, gateway: StripeGateway | None, applicant: Applicant, order: Order) -> SignedUp:
    """Create the client, or find the one that this visitor created before. Call it with no transaction open.

    Raises Refusal naming the field, Conflict, Throttled and StripeProblem.
    """
    with transaction() as session:
        admit_visitor(session, "sign-up", applicant.address, applicant.email)
        check_sign_up(session, applicant, order)
    if gateway is not None and order.account_id is not None and order.selection is not None:
        known_addresses.read_customers(transaction, gateway, order.account_id, applicant.email)
    for _ in range(ROUNDS):
        with transaction() as session:
            open_ones = checkouts_in_the_way(session, applicant, order)
        for checkout_id in open_ones:
            if gateway is not None:
                checkout_sessions.withdraw_session(transaction, gateway, checkout_id)
        with transaction() as session:
            done = find_or_make_client(session, applicant, order)
        if done is not None:
            return done
    raise Conflict("Somebody is signing up with this address right now. Try again in a moment.")


def check_sign_up(session: Session, applicant: Applicant, order: Order) -> None:
    """Validate the sign-up before any request to Stripe. Raises Refusal naming the field."""
    clients.checked_terms(session, ClientTerms(applicant.name, applicant.email), order.mode)
    workspace_name = " ".join(applicant.workspace_name.split())
    if not workspace_name:
        raise Refusal("workspace_name", "Give your first workspace a name.")
    if len(workspace_name) > workspaces.LONGEST:
        raise Refusal("workspace_name", f"Use at most {workspaces.LONGEST} characters.")
    plan = session.get(Plan, order.plan_id)
    if plan is None:
        raise Refusal("plan", "This plan is not for sale. Choose another one.")
    selection = order.selection or Selection(("month", 1), "")
    if bool(offer_selection.items(session, plan, selection, order.mode)) != (order.selection is not None):
        raise Refusal("plan", f"What {plan.name} costs has changed. Choose again.")


def checkouts_in_the_way(session: Session, applicant: Applicant, order: Order) -> list[int]:
    """The ids of open checkouts of sign-ups with the same email address, which this sign-up replaces."""
    email = canonical_address(applicant.email)
    rivals = [
        one
        for one in abandoned_sign_ups.with_email(session, order.mode, email)
        if not is_own(session, one, applicant, order)
    ]
    return [one.id for one in open_checkouts(session, rivals, order)]


def open_checkouts(session: Session, rivals: Sequence[Client], order: Order) -> list[Checkout]:
    """The rivals' checkouts that can still be paid in the account that sells now."""
    running = [checkout_state.open_checkout(session, client.id) for client in rivals]
    return [one for one in running if one is not None and one.processor_account_id == order.account_id]


def is_own(session: Session, client: Client, applicant: Applicant, order: Order) -> bool:
    """Whether this client was made by the same sign-up: a double click, or another tab."""
    if order.selection is None or client.name != " ".join(applicant.name.split()):
        return False
    names = [one.name for one in workspaces.workspaces_of(session, client.id)]
    last = select(Checkout.visitor).where(Checkout.client_id == client.id).order_by(Checkout.id.desc()).limit(1)
    return names == [" ".join(applicant.workspace_name.split())] and session.scalar(last) == applicant.visitor


def find_or_make_client(session: Session, applicant: Applicant, order: Order) -> SignedUp | None:
    """Decide, one sign-up at a time, which client gets the email address. None when a checkout opened meanwhile."""
    take_turns(session, CLIENTS)
    email = canonical_address(applicant.email)
    replaceable = abandoned_sign_ups.with_email(session, order.mode, email)
    if known_addresses.known_client(session, order.mode, email, replaceable) is not None:
        return SignedUp(None)
    if order.account_id is not None and known_addresses.pays_at_stripe(session, order.account_id, email):
        known_addresses.request_adoption(session, order.account_id, email, applicant.name)
        return SignedUp(None, pays_at_stripe=True)
    own = [one for one in replaceable if is_own(session, one, applicant, order)]
    rivals = [one for one in replaceable if one not in own]
    if open_checkouts(session, rivals, order):
        return None
    for one in rivals:
        abandoned_sign_ups.archive_sign_up(session, one)
    client = own[0] if own else make_client(session, applicant, order)
    return begin_purchase(session, client, applicant, order)


def make_client(session: Session, applicant: Applicant, order: Order) -> Client:
    draft = ClientDraft(
        mode=order.mode,
        name=applicant.name,
        email=applicant.email,
        source="sign_up",
        base_plan_id=order.plan_id if order.selection is None else None,
        workspace_name=applicant.workspace_name,
        author=audit.CLIENT,
    )
    client = clients.create_client(session, draft)
    if applicant.accepted_terms:
        words = f"Accepted the terms at {applicant.accepted_terms}"
        clients.record_client(session, client, "client.terms_accepted", words, audit.CLIENT)
    return client


def begin_purchase(session: Session, client: Client, applicant: Applicant, order: Order) -> SignedUp:
    """Store the intent in the transaction that creates the client, so that no client exists without a purchase."""
    if order.selection is not None and order.account_id is not None:
        wanted = Wanted(
            order.account_id,
            client.id,
            order.plan_id,
            order.selection,
            order.success_url,
            order.cancel_url,
            applicant.visitor,
        )
        checkouts.find_or_intend(session, wanted)
    evaluation.evaluate(session, client.id)
    return SignedUp(client.id, is_buying=order.selection is not None)


def choose_free(session: Session, client_id: int, plan_id: int) -> None:
    """Move a client without a subscription to a free plan. Raises AlreadySubscribed and Refusal."""
    client = clients.lock_client(session, client_id)
    link = client_subscriptions.link_of(session, client)
    if link is not None and checkouts.is_subscribed(session, link.processor_account_id, client.id):
        raise AlreadySubscribed
    clients.refuse_no_base(session, plan_id)
    if client.base_plan_id != plan_id:
        client.base_plan_id = plan_id
        words = f"Chose the plan {session.get_one(Plan, plan_id).name}"
        clients.record_client(session, client, "client.plan_chosen", words, audit.CLIENT)
    evaluation.evaluate(session, client.id)
