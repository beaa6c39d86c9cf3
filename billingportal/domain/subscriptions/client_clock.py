"""The current time of a client: its test clock's, else the real one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Database
from billingportal.models import Client, ClientCustomer, Customer, TestClock


def moment_of(session: Session, client: Client) -> datetime:
    return clock_time(session, client) or now()


def clock_time(session: Session, client: Client) -> datetime | None:
    """The time of the test clock that the client's customer is on, if it is on one."""
    if client.mode != "test":
        return None
    found: datetime | None = session.scalar(
        on_clocks().with_only_columns(TestClock.frozen_at).where(ClientCustomer.client_id == client.id).limit(1)
    )
    return found


def clock_times(database: Database, client_ids: Sequence[int]) -> dict[int, datetime]:
    """The same for many clients with one query, by client id. Clients on no test clock are left out."""
    rows = database.execute(on_clocks().where(ClientCustomer.client_id.in_(client_ids)))
    return {row.client_id: row.frozen_at for row in rows}


def on_clocks() -> Select[int, datetime]:
    """Clients with the times of the test clocks that their customers are on."""
    return (
        select(ClientCustomer.client_id, TestClock.frozen_at)
        .join(
            Customer,
            (Customer.processor_account_id == ClientCustomer.processor_account_id)
            & (Customer.stripe_customer_id == ClientCustomer.stripe_customer_id),
        )
        .join(
            TestClock,
            (TestClock.processor_account_id == Customer.processor_account_id)
            & (TestClock.stripe_test_clock_id == Customer.stripe_test_clock_id),
        )
        .where(TestClock.deleted_at.is_(None))
    )
