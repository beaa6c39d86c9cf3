"""Adopts customers who subscribed outside of the portal as clients. Only when staff asks for it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.adoption.matching import candidates
from billingportal.domain.adoption.requests import answer_request, forget_request
from billingportal.domain.adoption.unlinked_customers import ready_customers
from billingportal.domain.clients import clients, stripe_customers
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.clients.clients import ClientDraft
from billingportal.domain.common import audit
from billingportal.domain.common.locks import ADOPTION, take_turns
from billingportal.domain.entitlements import evaluation
from billingportal.errors import Refusal
from billingportal.models import Client, ClientCustomer, Customer, IgnoredCustomer, ProcessorAccount

# The most clients that one click makes; the next click makes the next.
MOST_AT_ONCE = 200


def find_customer(session: Session, account_id: int, customer_id: str) -> Customer | None:
    return session.scalar(
        select(Customer).where(Customer.processor_account_id == account_id, Customer.stripe_customer_id == customer_id)
    )


def owner_of(session: Session, account_id: int, customer_id: str) -> Client | None:
    """The client that the customer is linked to."""
    return session.scalar(
        select(Client)
        .join(ClientCustomer, ClientCustomer.client_id == Client.id)
        .where(ClientCustomer.processor_account_id == account_id, ClientCustomer.stripe_customer_id == customer_id)
    )


def link_customer(
    session: Session, account: ProcessorAccount, customer_id: str, client_id: int, *, staff_id: int
) -> Client:
    """Link the customer to the client and evaluate its entitlement at once. Its own client that is archived is
    restored instead. Raises Refusal."""
    take_turns(session, ADOPTION)
    if is_archived_owner(session, account.id, customer_id, client_id):
        return restore_owner(session, account, customer_id, client_id, staff_id)
    customer = free_customer(session, account.id, customer_id)
    client = clients.lock_client(session, client_id)
    if client.mode != account.mode:
        raise Refusal("client_id", "There is no such client.")
    if client.archived_at is not None:
        raise Refusal("client_id", f"{client.name} is archived. Restore the client first.")
    link_row(session, account, customer, client)
    forget_ignored(session, account.id, customer_id)
    words = f"Linked to the customer {customer_id} in Stripe"
    audit.record_act(
        session,
        audit.Act(
            "client.adopted",
            words,
            staff_id=staff_id,
            subject=("client", client.id),
            processor_account_id=account.id,
        ),
    )
    answer_request(session, customer, client)
    evaluation.evaluate(session, client.id)
    return client


def is_archived_owner(session: Session, account_id: int, customer_id: str, client_id: int) -> bool:
    owner = owner_of(session, account_id, customer_id)
    return owner is not None and owner.id == client_id and owner.archived_at is not None


def restore_owner(
    session: Session, account: ProcessorAccount, customer_id: str, client_id: int, staff_id: int
) -> Client:
    """Restore the archived client of a customer that has a subscription again."""
    client = client_lifecycle.restore_client(session, client_id, staff_id=staff_id)
    forget_ignored(session, account.id, customer_id)
    customer = find_customer(session, account.id, customer_id)
    if customer is not None:
        answer_request(session, customer, client)
    return client


def listed_customer(session: Session, account_id: int, customer_id: str) -> Customer:
    """The customer. Raises Refusal when it is unknown, deleted at Stripe or linked to a client that is not archived."""
    customer = find_customer(session, account_id, customer_id)
    if customer is None or customer.deleted_at is not None:
        raise Refusal("", "This customer is gone from Stripe.")
    owner = owner_of(session, account_id, customer_id)
    if owner is not None and owner.archived_at is None:
        raise Refusal("", f"This customer is linked to {owner.name} already, perhaps in another window.")
    return customer


def free_customer(session: Session, account_id: int, customer_id: str) -> Customer:
    """The same customer, linked to no client at all. Raises Refusal."""
    customer = listed_customer(session, account_id, customer_id)
    owner = owner_of(session, account_id, customer_id)
    if owner is not None:
        raise Refusal("", f"This customer is {owner.name}, who is archived. Restore {owner.name} instead.")
    return customer


def link_row(session: Session, account: ProcessorAccount, customer: Customer, client: Client) -> None:
    """A client has one customer per account; only a customer deleted at Stripe is replaced. Raises Refusal."""
    held = stripe_customers.link_of(session, account.id, client.id)
    if held is not None and not stripe_customers.is_deleted(session, held):
        raise Refusal("client_id", f"{client.name} has the customer {held.stripe_customer_id} in Stripe already.")
    if held is None:
        held = ClientCustomer(client_id=client.id, processor_account_id=account.id)
        session.add(held)
    held.stripe_customer_id, held.linked_at = customer.stripe_customer_id, now()
    session.flush()


def make_client(
    session: Session,
    account: ProcessorAccount,
    customer_id: str,
    *,
    name: str,
    email: str,
    workspace_name: str,
    staff_id: int,
) -> Client:
    """Create a client and link the customer to it. Raises Refusal naming the field."""
    take_turns(session, ADOPTION)
    free_customer(session, account.id, customer_id)
    draft = ClientDraft(
        mode=account.mode,
        name=name,
        email=email,
        source="adoption",
        workspace_name=workspace_name or None,
        author=audit.by_staff(staff_id),
    )
    made = clients.create_client(session, draft)
    return link_customer(session, account, customer_id, made.id, staff_id=staff_id)


def make_clients(transaction: Transaction, account_id: int, *, staff_id: int) -> int:
    """Create clients for customers with a known plan and email address and no match. Returns how many were made.

    Each in a transaction of its own, so that one that cannot be made holds up no other.
    """
    with transaction() as session:
        account = session.get_one(ProcessorAccount, account_id)
        waiting = session.scalars(ready_customers(account).order_by(Customer.id).limit(MOST_AT_ONCE)).all()
        customer_ids = [customer.stripe_customer_id for customer in waiting]
    made = 0
    for customer_id in customer_ids:
        try:
            with transaction() as session:
                made += make_ready(session, account_id, customer_id, staff_id)
        except Refusal:
            continue
    return made


def make_ready(session: Session, account_id: int, customer_id: str, staff_id: int) -> bool:
    """Create a client for one customer, unless it matches a client by now. Raises Refusal."""
    take_turns(session, ADOPTION)
    account = session.get_one(ProcessorAccount, account_id)
    (known,) = candidates(session, account, [free_customer(session, account_id, customer_id)])
    if known.plan is None or known.matches:
        return False
    name, email = known.name[: clients.LONGEST_NAME], known.customer.email or ""
    make_client(session, account, customer_id, name=name, email=email, workspace_name=name, staff_id=staff_id)
    return True


def ignore_customer(session: Session, account: ProcessorAccount, customer_id: str, *, staff_id: int) -> Customer:
    """Mark the customer as ignored: it is not a client. Raises Refusal."""
    take_turns(session, ADOPTION)
    customer = listed_customer(session, account.id, customer_id)
    if ignored_row(session, account.id, customer_id) is None:
        row = IgnoredCustomer(stripe_customer_id=customer_id, processor_account_id=account.id, staff_id=staff_id)
        row.ignored_at = now()
        session.add(row)
        forget_request(session, customer)
        record_adoption(session, account, customer_id, "customer.ignored", "is not ours", staff_id)
    return customer


def stop_ignoring(session: Session, account: ProcessorAccount, customer_id: str, *, staff_id: int) -> Customer:
    """Undo `ignore_customer`: the customer waits for a decision again. Raises Refusal."""
    take_turns(session, ADOPTION)
    customer = listed_customer(session, account.id, customer_id)
    if forget_ignored(session, account.id, customer_id):
        record_adoption(session, account, customer_id, "customer.considered", "may be ours", staff_id)
    return customer


def forget_ignored(session: Session, account_id: int, customer_id: str) -> bool:
    row = ignored_row(session, account_id, customer_id)
    if row is not None:
        session.delete(row)
    return row is not None


def ignored_row(session: Session, account_id: int, customer_id: str) -> IgnoredCustomer | None:
    return session.scalar(
        select(IgnoredCustomer).where(
            IgnoredCustomer.processor_account_id == account_id, IgnoredCustomer.stripe_customer_id == customer_id
        )
    )


def record_adoption(
    session: Session, account: ProcessorAccount, customer_id: str, action: str, words: str, staff_id: int
) -> None:
    audit.record_act(
        session,
        audit.Act(
            action,
            f"The customer {customer_id} {words}",
            staff_id=staff_id,
            subject=("customer", customer_id),
            processor_account_id=account.id,
        ),
    )
