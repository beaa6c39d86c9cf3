"""Marks clients whose entitlement may have changed. The worker evaluates them within a second."""

from datetime import UTC, datetime

from sqlalchemy import Select, Update, bindparam, or_, select, update

from billingportal.db import Database
from billingportal.domain.common.due_times import is_impossible
from billingportal.models import Client, ClientCustomer, Customer, Entitlement
from billingportal.stripe_gateway.objects.copies import Copy, CustomerCopy, InvoiceCopy, SubscriptionCopy
from billingportal.stripe_gateway.objects.sales import CheckoutSessionCopy, SubscriptionScheduleCopy, TestClockCopy

# Due whatever the clock is set to afterwards.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
# Objects that decide about a client's entitlement and name the customer.
TELLING = (CustomerCopy, SubscriptionCopy, InvoiceCopy, CheckoutSessionCopy, SubscriptionScheduleCopy)

MARK_CUSTOMER: Update = (
    update(Client)
    .where(
        Client.id.in_(
            select(ClientCustomer.client_id).where(
                ClientCustomer.processor_account_id == bindparam("account_id"),
                ClientCustomer.stripe_customer_id == bindparam("customer_id"),
            )
        )
    )
    .values(evaluation_due_at=bindparam("due_at"))
    .execution_options(synchronize_session=False)
)


def mark_for(database: Database, account_id: int, copy: Copy) -> None:
    """Mark the clients that an object at Stripe affects."""
    if isinstance(copy, TestClockCopy):
        mark_clock(database, account_id, copy.stripe_test_clock_id)
    elif isinstance(copy, TELLING) and copy.stripe_customer_id is not None:
        mark_customer(database, account_id, copy.stripe_customer_id)


def mark_customer(database: Database, account_id: int, stripe_customer_id: str) -> None:
    """Mark the client of this customer. Runs for every event, so it is one statement."""
    database.execute(MARK_CUSTOMER, {"account_id": account_id, "customer_id": stripe_customer_id, "due_at": AT_ONCE})


def mark_clock(database: Database, account_id: int, stripe_test_clock_id: str) -> None:
    """Mark all clients whose customer is on a test clock."""
    mark(
        database,
        select(ClientCustomer.client_id)
        .join(
            Customer,
            (Customer.processor_account_id == ClientCustomer.processor_account_id)
            & (Customer.stripe_customer_id == ClientCustomer.stripe_customer_id),
        )
        .where(
            ClientCustomer.processor_account_id == account_id, Customer.stripe_test_clock_id == stripe_test_clock_id
        ),
    )


def mark_plan(database: Database, plan_id: int) -> None:
    """Mark all clients that have the plan, or a subscription whose prices belong to no plan."""
    mark(
        database,
        select(Entitlement.client_id).where(
            or_(
                Entitlement.plan_id == plan_id,
                Entitlement.stripe_subscription_id.is_not(None) & (Entitlement.source != "subscription"),
            )
        ),
    )


def mark_bases(database: Database) -> None:
    """Mark all clients on the default plan or on no plan: the default plan may have changed."""
    mark(database, select(Entitlement.client_id).where(Entitlement.source.in_(("base", "none"))))


def mark_failing(database: Database) -> None:
    """Mark all clients whose payment fails: the dunning ladder may have changed."""
    mark(database, select(Entitlement.client_id).where(Entitlement.failing_since.is_not(None)))


def mark_premature(database: Database, moment: datetime) -> None:
    """Mark all clients whose evaluation lies in the future: since then the clock was set back.

    By a clock that was ahead, a grace period may have ended too early.
    """
    premature = is_impossible(Entitlement.evaluated_at, moment)
    mark(database, select(Entitlement.client_id).where(premature))


def mark(database: Database, client_ids: Select[int]) -> None:
    database.execute(
        update(Client)
        .where(Client.id.in_(client_ids))
        .values(evaluation_due_at=AT_ONCE)
        .execution_options(synchronize_session=False)
    )
