"""Whether a person has had a subscription before: a trial is for the first one only.

A person is an email address, in any spelling: as another client, an archived one, or a customer at Stripe of no client.
"""

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billingportal.domain.common.email_addresses import canonical_address
from billingportal.models import Client, ClientCustomer, Customer, ProcessorAccount, Subscription


def has_had_subscription(session: Session, client: Client) -> bool:
    """Whether the client, or anyone with its email address, ever had a subscription in the client's mode."""
    return has_own(session, client) or is_known_customer(session, client)


def has_own(session: Session, client: Client) -> bool:
    """Whether a client with this address had one, also in an account that was connected before."""
    rows = session.execute(
        select(Client.id, Client.email)
        .distinct()
        .join(ClientCustomer, ClientCustomer.client_id == Client.id)
        .join(
            Subscription,
            (Subscription.processor_account_id == ClientCustomer.processor_account_id)
            & (Subscription.stripe_customer_id == ClientCustomer.stripe_customer_id),
        )
        .where(Client.mode == client.mode, or_(Client.id == client.id, may_equal(Client.email, client.email)))
    )
    return any(row.id == client.id or is_same(row.email, client.email) for row in rows)


def is_known_customer(session: Session, client: Client) -> bool:
    """Whether a customer at Stripe with this address had one."""
    addresses = session.scalars(
        select(Customer.email)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == Customer.processor_account_id)
        .join(
            Subscription,
            (Subscription.processor_account_id == Customer.processor_account_id)
            & (Subscription.stripe_customer_id == Customer.stripe_customer_id),
        )
        .where(ProcessorAccount.mode == client.mode, may_equal(Customer.email, client.email))
    )
    return any(is_same(address or "", client.email) for address in addresses)


def may_equal(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], email: str
) -> ColumnElement[bool]:
    """SQL condition: the part before the @ is the same. Domains have spellings that SQL does not know."""
    local_part = canonical_address(email).rpartition("@")[0]
    return func.lower(column).startswith(f"{local_part}@", autoescape=True)


def is_same(one: str, other: str) -> bool:
    return canonical_address(one) == canonical_address(other)
