"""Findings about clients: who pays without access, who pays twice, and whose customer is gone."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.adoption.unlinked_customers import count_customers
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.stored import MOST, stored
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.subscriptions.unlinked_customers import unlinked_customers
from billingportal.models import Client, ClientCustomer, Customer, Entitlement, Invoice, ProcessorAccount, Subscription
from billingportal.models.connection.processor_account import MODES, Mode

KEYS = ("subscription.no_client", "client.no_plan", "client.two_subscriptions", "client.customer_deleted")
# Names in a sentence.
NAMED = 3
PAID = ("active", "past_due", "canceling", "trialing")


def check_clients(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck while the account has not been read."""
    with surroundings.reading() as session:
        found = stored(session, mode)
        if found is None:
            return Result((), now())
        account = found.account
        return Result(
            (
                *without_client(session, account),
                *without_plan(session, account),
                *with_two(session, account),
                *without_customer(session, account),
            ),
            found.as_of,
        )


def without_client(session: Session, account: ProcessorAccount) -> Iterator[Found]:
    """Customers with a running subscription whom no client is linked to: one finding, they are adopted on one page."""
    number = count_customers(session, account.id)
    if not number:
        return
    first = session.scalars(unlinked_customers(account.id).order_by(Customer.id).limit(NAMED)).all()
    names = ", ".join(one.name or one.email or one.stripe_customer_id for one in first)
    rest = f" and {number - len(first):,} more" if number > len(first) else ""
    yield Found(
        "subscription.no_client",
        f"{counted(number, 'customers')} at Stripe with a subscription and without a client",
        f"{names}{rest}. Each has a running subscription, and no access to what it pays for.",
        Action("Give them access", "page", "adoption"),
        f"account:{account.id}",
        account.mode,
    )


def present_clients(account: ProcessorAccount) -> Select[Client, Entitlement]:
    """The clients of the account's mode with their entitlement, without archived ones and those of rehearsals."""
    return (
        select(Client, Entitlement)
        .join(Entitlement, Entitlement.client_id == Client.id)
        .where(Client.mode == account.mode, Client.archived_at.is_(None))
        .order_by(Client.id)
        .limit(MOST)
    )


def without_plan(session: Session, account: ProcessorAccount) -> Iterator[Found]:
    """Clients whose running subscription belongs to no plan: they pay, and get no more than the default plan."""
    rows = session.execute(
        present_clients(account)
        .join(
            Subscription,
            (Subscription.processor_account_id == Entitlement.processor_account_id)
            & (Subscription.stripe_subscription_id == Entitlement.stripe_subscription_id),
        )
        .where(
            Entitlement.processor_account_id == account.id,
            Entitlement.source.in_(("base", "none")),
            Entitlement.standing.in_(PAID),
            Subscription.status.in_(LIVE_STATUSES),
        )
    )
    for client, entitlement in rows:
        has = entitlement.plan.name if entitlement.plan else "no plan at all"
        yield Found(
            "client.no_plan",
            f"{client.name} pays, and no plan has its prices",
            f"Its subscription {entitlement.stripe_subscription_id} runs at Stripe. It can use {has} only.",
            Action("Look at the client", "page", "client", {"client_id": client.id}),
            subject(client),
            account.mode,
        )


def with_two(session: Session, account: ProcessorAccount) -> Iterator[Found]:
    """Clients that pay for more than one subscription."""
    rows = session.execute(
        present_clients(account).where(
            Entitlement.processor_account_id == account.id, cast(Entitlement.other_subscriptions, Text) != "[]"
        )
    )
    for client, entitlement in rows:
        others = [str(one) for one in entitlement.other_subscriptions]
        yield Found(
            "client.two_subscriptions",
            f"{client.name} pays for {len(others) + 1} subscriptions",
            f"{entitlement.stripe_subscription_id} counts. It is charged for {', '.join(others)} as well, "
            "and gets nothing for it.",
            Action("Cancel and refund", "page", "client", {"client_id": client.id}),
            subject(client),
            account.mode,
        )


def without_customer(session: Session, account: ProcessorAccount) -> Iterator[Found]:
    """Clients whose customer was deleted at Stripe."""
    rows = session.execute(
        select(Client, Customer)
        .join(ClientCustomer, ClientCustomer.client_id == Client.id)
        .join(
            Customer,
            (Customer.processor_account_id == ClientCustomer.processor_account_id)
            & (Customer.stripe_customer_id == ClientCustomer.stripe_customer_id),
        )
        .where(
            ClientCustomer.processor_account_id == account.id,
            Customer.deleted_at.is_not(None),
            Client.archived_at.is_(None),
        )
        .order_by(Client.id)
        .limit(MOST)
    )
    for client, customer in rows:
        unpaid = open_invoices(session, account.id, customer.stripe_customer_id)
        yield Found(
            "client.customer_deleted",
            f"The customer of {client.name} was deleted at Stripe",
            f"Stripe canceled its subscriptions with it, and charges nothing any more. Unpaid invoices: {unpaid:,}.",
            Action("Look at the client", "page", "client", {"client_id": client.id}),
            subject(client),
            account.mode,
        )


def open_invoices(session: Session, account_id: int, stripe_customer_id: str) -> int:
    return (
        session.scalar(
            select(func.count(Invoice.id)).where(
                Invoice.processor_account_id == account_id,
                Invoice.stripe_customer_id == stripe_customer_id,
                Invoice.status == "open",
                Invoice.deleted_at.is_(None),
            )
        )
        or 0
    )


def subject(client: Client) -> str:
    return f"client:{client.id}"


CHECKS = tuple(
    Check(
        f"clients.{mode}",
        "Everybody who pays is a client with a plan, and pays once",
        "clients",
        KEYS,
        60,
        partial(check_clients, mode=mode),
        mode,
    )
    for mode in MODES
)
