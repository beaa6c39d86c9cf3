"""Describes customers that belong to no client: their subscriptions, plan and matching clients.

Nothing here links anything: a match is shown to people, who decide.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from billingportal.clock import now
from billingportal.domain.clients.stripe_customers import LABEL
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.entitlements import subscription_facts
from billingportal.domain.plans.bought_links import Bought, bought_links, links_to, priced_at
from billingportal.domain.prices.price_text import period_words, price_words
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.domain.subscriptions.client_subscriptions import main_of, paid_ids
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.subscriptions.status_text import subscription_words
from billingportal.models import (
    AdoptionRequest,
    Client,
    ClientCustomer,
    Customer,
    Plan,
    PlanPrice,
    Price,
    ProcessorAccount,
    Subscription,
    TestClock,
)

Reason = Literal["label", "email", "archived"]


@dataclass(frozen=True)
class Match:
    """A client that may be this customer. `other_customer` is the id of the client's present customer, if any.

    `archived`: it is this customer's client, to be restored.
    """

    client_id: int
    name: str
    reason: Reason
    other_customer: str | None = None


@dataclass(frozen=True)
class Running:
    """A subscription of the customer in words: its status, and each price with its quantity."""

    stripe_subscription_id: str
    status: StatusText
    prices: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A customer with its running subscriptions and matches. `plan`: of the one that would count.

    `request` is the last attempt to sign up or to buy with the customer's address.
    """

    customer: Customer
    running: tuple[Running, ...]
    plan: Plan | None
    matches: tuple[Match, ...]
    request: AdoptionRequest | None

    @property
    def name(self) -> str:
        """The suggested name of a client made from the customer."""
        return self.customer.name or self.customer.email or ""

    @property
    def linkable(self) -> list[Match]:
        return [match for match in self.matches if match.other_customer is None]


def candidates(session: Session, account: ProcessorAccount, customers: Sequence[Customer]) -> list[Candidate]:
    """The customers as candidates, in order. The number of queries does not grow with the number of customers."""
    ids = [customer.stripe_customer_id for customer in customers]
    held = subscriptions_of(session, account.id, ids)
    price_ids = {item.stripe_price_id for found in held.values() for one in found for item in one.items}
    prices = prices_of(session, account.id, price_ids)
    links = links_to(session, account.id, price_ids)
    plans = plans_of(session, {link.plan_id for link in links})
    clocks = clocks_of(session, account.id, customers)
    matches = matches_of(session, account, customers)
    paid = paid_ids(session, [one for found in held.values() for one in found])
    requests = requests_of(session, account.id, customers)
    made = []
    for customer in customers:
        moment = clocks.get(customer.stripe_test_clock_id or "", now())
        found = held[customer.stripe_customer_id]
        running = tuple(running_of(one, prices, moment) for one in found)
        plan, request = plan_of(main_of(found, None, paid), links, plans), requests.get(customer.canonical_email or "")
        made.append(Candidate(customer, running, plan, matches[customer.stripe_customer_id], request))
    return made


def subscriptions_of(
    session: Session, account_id: int, customer_ids: Sequence[str]
) -> Mapping[str, list[Subscription]]:
    """The running subscriptions by customer id, oldest first."""
    rows = session.scalars(
        select(Subscription)
        .where(
            Subscription.processor_account_id == account_id,
            Subscription.stripe_customer_id.in_(customer_ids),
            Subscription.status.in_(LIVE_STATUSES),
            Subscription.deleted_at.is_(None),
        )
        .order_by(Subscription.created_at, Subscription.id)
        .options(selectinload(Subscription.items))
    )
    found: dict[str, list[Subscription]] = defaultdict(list)
    for row in rows:
        found[row.stripe_customer_id].append(row)
    return found


def prices_of(session: Session, account_id: int, price_ids: set[str]) -> Mapping[str, Price]:
    rows = session.scalars(
        select(Price).where(Price.processor_account_id == account_id, Price.stripe_price_id.in_(price_ids))
    )
    return {row.stripe_price_id: row for row in rows}


def plans_of(session: Session, plan_ids: set[int]) -> Mapping[int, Plan]:
    return {plan.id: plan for plan in session.scalars(select(Plan).where(Plan.id.in_(plan_ids)))}


def clocks_of(session: Session, account_id: int, customers: Sequence[Customer]) -> Mapping[str, datetime]:
    """The present times of the customers' test clocks, by clock id."""
    ids = {customer.stripe_test_clock_id for customer in customers if customer.stripe_test_clock_id}
    rows = session.execute(
        select(TestClock.stripe_test_clock_id, TestClock.frozen_at).where(
            TestClock.processor_account_id == account_id, TestClock.stripe_test_clock_id.in_(ids)
        )
    )
    return {row[0]: row[1] for row in rows}


def requests_of(session: Session, account_id: int, customers: Sequence[Customer]) -> Mapping[str, AdoptionRequest]:
    """The attempts to sign up or to buy with the customers' addresses, by canonical address."""
    emails = {customer.canonical_email for customer in customers if customer.canonical_email}
    rows = session.scalars(
        select(AdoptionRequest).where(
            AdoptionRequest.processor_account_id == account_id, AdoptionRequest.canonical_email.in_(emails)
        )
    )
    return {row.canonical_email: row for row in rows}


def running_of(held: Subscription, prices: Mapping[str, Price], moment: datetime) -> Running:
    status = subscription_words(held, subscription_facts.ends_at(held), moment)
    words = tuple(item_words(prices.get(one.stripe_price_id), one.stripe_price_id, one.quantity) for one in held.items)
    return Running(held.stripe_subscription_id, status, words)


def item_words(price: Price | None, price_id: str, quantity: int | None) -> str:
    """For example "3 × US$9.00 a month"; the price id alone when the price is not stored yet."""
    if price is None:
        return price_id
    period = period_words(price.interval, price.interval_count)
    words = price_words(terms_of(price), period, is_metered=is_metered(price))
    return f"{quantity:,} × {words}" if quantity is not None and quantity != 1 else words


def plan_of(main: Subscription | None, links: Sequence[PlanPrice], plans: Mapping[int, Plan]) -> Plan | None:
    """The plan of a subscription."""
    if main is None:
        return None
    price_ids = {item.stripe_price_id for item in main.items}
    mine = [link for link in links if link.stripe_price_id in price_ids]
    plan_id = bought_links(mine, Bought(priced_at(main, price_ids))).plan_id
    return plans[plan_id] if plan_id is not None else None


def matches_of(
    session: Session, account: ProcessorAccount, customers: Sequence[Customer]
) -> Mapping[str, tuple[Match, ...]]:
    """The matching clients of each customer: its archived client alone, else by our own metadata label first, then by
    the same email address."""
    labels = {one.stripe_customer_id: labelled_id(one) for one in customers}
    emails = {one.stripe_customer_id: one.canonical_email for one in customers}
    rows = session.execute(
        select(Client, ClientCustomer.stripe_customer_id)
        .outerjoin(
            ClientCustomer,
            (ClientCustomer.client_id == Client.id) & (ClientCustomer.processor_account_id == account.id),
        )
        .where(
            Client.mode == account.mode,
            Client.archived_at.is_(None),
            or_(
                Client.id.in_({label for label in labels.values() if label is not None}),
                Client.canonical_email.in_({email for email in emails.values() if email}),
            ),
        )
        .order_by(Client.id)
    ).all()
    found: dict[str, tuple[Match, ...]] = {}
    for customer_id, label in labels.items():
        by_label = [Match(one.id, one.name, "label", other) for one, other in rows if one.id == label]
        by_email = [
            Match(one.id, one.name, "email", other)
            for one, other in rows
            if one.canonical_email == emails[customer_id] and one.id != label
        ]
        found[customer_id] = (*by_label, *by_email)
    return {**found, **archived_clients(session, account, list(labels))}


def archived_clients(
    session: Session, account: ProcessorAccount, customer_ids: Sequence[str]
) -> Mapping[str, tuple[Match, ...]]:
    """The archived clients to whom some of the customers are linked."""
    rows = session.execute(
        select(ClientCustomer.stripe_customer_id, Client)
        .join(Client, Client.id == ClientCustomer.client_id)
        .where(
            ClientCustomer.processor_account_id == account.id,
            ClientCustomer.stripe_customer_id.in_(customer_ids),
            Client.archived_at.is_not(None),
        )
    )
    return {row[0]: (Match(row[1].id, row[1].name, "archived"),) for row in rows}


def labelled_id(customer: Customer) -> int | None:
    """The id of the client that the customer's metadata names. Anybody may write there, so it is a hint and no more."""
    label = customer.labels.get(LABEL)
    is_id = isinstance(label, str) and label.isascii() and label.isdigit() and len(label) < 10
    return int(str(label)) if is_id else None
