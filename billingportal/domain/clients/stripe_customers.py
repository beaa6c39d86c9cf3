"""Finds the Stripe customer of a client, and creates one when there is none."""

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER
from billingportal.models import Client, ClientCustomer, Customer
from billingportal.stripe_gateway.gateway import StripeGateway

# A label for people who look at the customer in Stripe. It is never trusted for linking.
LABEL = "billing_portal_client"


def customer_for(transaction: Transaction, gateway: StripeGateway, account_id: int, client_id: int) -> str:
    """The id of the client's customer in an account, created at Stripe when there is none or it was deleted.

    Two concurrent calls get one customer, since both send the same request under the same idempotency key.
    Call it with no transaction open. Raises a StripeProblem.
    """
    with transaction() as session:
        client = session.get_one(Client, client_id)
        link = link_of(session, account_id, client_id)
        if link is not None and not is_deleted(session, link):
            return link.stripe_customer_id
        name, email, key = client.name, client.canonical_email, idempotency_key(client, account_id, link)
    made = gateway.create_customer(name, key, email=email, labels={LABEL: str(client_id)})
    with transaction() as session:
        customer_id = link_customer(session, account_id, client_id, made)
    reconciliation.refresh(transaction, gateway, account_id, CUSTOMER, customer_id)
    return customer_id


def link_of(session: Session, account_id: int, client_id: int) -> ClientCustomer | None:
    return session.scalar(
        select(ClientCustomer).where(
            ClientCustomer.client_id == client_id, ClientCustomer.processor_account_id == account_id
        )
    )


def is_deleted(session: Session, link: ClientCustomer) -> bool:
    """Whether the stored customer is deleted at Stripe."""
    return (
        session.scalar(
            select(Customer.id).where(
                Customer.processor_account_id == link.processor_account_id,
                Customer.stripe_customer_id == link.stripe_customer_id,
                Customer.deleted_at.is_not(None),
            )
        )
        is not None
    )


def idempotency_key(client: Client, account_id: int, before: ClientCustomer | None) -> str:
    """The key for creating this client's next customer. It is the same in every call, and differs from other clients'
    keys even after a new start with an empty database."""
    said = (
        client.name,
        client.canonical_email,
        before.stripe_customer_id if before else "",
        client.created_at.isoformat(),
    )
    return f"customer-{account_id}-{client.id}-{hashlib.sha256(repr(said).encode()).hexdigest()[:24]}"


def link_customer(session: Session, account_id: int, client_id: int, made: str) -> str:
    """Link the new customer, unless another one is linked already. Returns the id of the linked customer."""
    session.get_one(Client, client_id, with_for_update=True)
    link = link_of(session, account_id, client_id)
    if link is not None and not is_deleted(session, link):
        return link.stripe_customer_id
    if link is None:
        link = ClientCustomer(client_id=client_id, processor_account_id=account_id)
        session.add(link)
    link.stripe_customer_id, link.linked_at = made, clock.now()
    words = f"Made the customer {made} in Stripe"
    audit.record_act(
        session,
        audit.Act("client.linked", words, actor="sync", subject=("client", client_id), processor_account_id=account_id),
    )
    return made
