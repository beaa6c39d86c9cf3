"""What time it is for a client: that of its test clock, else the real one."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.models import Client, ClientCustomer, Customer, TestClock


def moment_of(session: Session, client: Client) -> datetime:
    return clock_time(session, client) or now()


def clock_time(session: Session, client: Client) -> datetime | None:
    """The time of the test clock that the client's customer is on, if it is on one."""
    if client.mode != "test":
        return None
    found: datetime | None = session.scalar(
        select(TestClock.frozen_at)
        .join(
            Customer,
            (Customer.processor_account_id == TestClock.processor_account_id)
            & (Customer.stripe_test_clock_id == TestClock.stripe_test_clock_id),
        )
        .join(
            ClientCustomer,
            (ClientCustomer.processor_account_id == Customer.processor_account_id)
            & (ClientCustomer.stripe_customer_id == Customer.stripe_customer_id),
        )
        .where(ClientCustomer.client_id == client.id, TestClock.deleted_at.is_(None))
        .limit(1)
    )
    return found
