"""A year in a minute: what clients are entitled to, and every invoice, ends as Stripe has it, whatever went missing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.invoices import customer_balance
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.subscriptions.client_subscriptions import link_of
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.jobs import sync as sync_jobs
from billingportal.models import CatchUp, Client, Entitlement
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.people.clients import link_customer, new_client, plan_of
from tests.support.people.years import DAY, ENDED, FAILING, Wares, Year, leave_nothing_to_chance
from tests.support.server import serving
from tests.support.stripe import events
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.rows import assert_same, held_at_stripe, held_here
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient, SandboxProcess
from tests.support.stripe.streams import connect, deliver, events_of, settle_rest

MONTHS = 12
START = 1_893_456_000  # 2030-01-01 00:00 UTC
# Contacts that each plan includes.
CONTACTS: dict[str, int | None] = {
    "Free": 10,
    "Small": 100,
    "Metered": 500,
    "Team": 1000,
    "Large": 5000,
    "Yearly": None,
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: SandboxProcess) -> Settings:
    return with_sandbox(settings, sandbox)


def sell(app: Flask, staff_id: int, wares: Wares) -> None:
    """A free default plan, and a plan for each of the wares."""
    contacts, seats, channels = (resource_id(db.session(), key) for key in ("contacts", "team_members", "channels"))
    new_plan(staff_id, "Free", is_active=True, quotas={contacts: Limit(CONTACTS["Free"])})
    for name, price in wares.ahead.items():
        links = [Link(price, "flat")]
        links += [Link(wares.seats, "quantity", seats)] if name == "Team" else []
        links += [Link(wares.use, "usage", channels)] if name == "Metered" else []
        plan_of(staff_id, app, links, name, quotas={contacts: Limit(CONTACTS[name])})


def worker(app: Flask, is_over: Event) -> None:
    """Settles and evaluates until all has been delivered."""
    with app.app_context():
        while not is_over.wait(0.05):
            sync_jobs.reconcile_events(current_portal())
            entitlement_jobs.evaluate_clients(current_portal())


class Postman:
    """Delivers what is new, shuffled, some of it twice, one event in ten not at all."""

    def __init__(self, sandbox: SandboxClient, account: SandboxAccount, address: str, chance: Random) -> None:
        self.sandbox, self.account, self.address, self.chance = sandbox, account, address, chance
        self.last = ""

    def deliver_new(self, threads: ThreadPoolExecutor) -> None:
        told = events_of(self.sandbox, self.account, after=self.last)
        self.last = str(told[0]["id"]) if told else self.last
        kept = [one for one in told if one["type"] in DELIVERED_EVENTS and self.chance.random() < 0.9]
        bodies = [events.as_body(one) for one in kept for _ in range(self.chance.choice((1, 1, 1, 2)))]
        self.chance.shuffle(bodies)
        halves = [threads.submit(deliver, self.address, half) for half in (bodies[::2], bodies[1::2])]
        assert {status for half in halves for status in half.result()} <= {200}


def catch_up(row_id: int) -> None:
    """What was not delivered is read from Stripe's list."""
    with transaction() as session:
        session.scalars(select(CatchUp).where(CatchUp.processor_account_id == row_id)).one().next_run_at = clock.now()
    sync_jobs.catch_up(current_portal())


def expected(wares: Wares, subscription: dict[str, Any], invoices: list[dict[str, Any]], time: int) -> tuple[Any, ...]:
    """What a client is to have by what the sandbox holds: plan, status, step, contacts and seats."""
    names = {price: name for name, price in wares.ahead.items()}
    items = {item["price"]: item.get("quantity") for item in subscription["items"]["data"]}
    plan = next(names[price] for price in items if price in names)
    status = subscription["status"]
    mine = [one for one in invoices if subscription_of(one) == subscription["id"]]
    # What a customer has to its credit pays too: then the invoice is paid, and no money moved for it.
    by_credit = [subscription["latest_invoice"]] if status == "active" else []
    paid = [one for one in mine if one["status"] == "paid"]
    was_paid = any(one["amount_paid"] > 0 or one["id"] in by_credit for one in paid)
    if status in ENDED:
        return ("Free", "ended", "none", CONTACTS["Free"], None)
    if status != "trialing" and not was_paid:
        return ("Free", status, "none", CONTACTS["Free"], None)
    standing = "canceling" if subscription["cancel_at"] and status in ("active", "trialing") else status
    return (plan, standing, step_of(status, mine, time), CONTACTS[plan], items.get(wares.seats))


def subscription_of(invoice: dict[str, Any]) -> str | None:
    """None for a one-off."""
    parent = invoice["parent"]
    return parent["subscription_details"]["subscription"] if parent else None


def step_of(status: str, invoices: list[dict[str, Any]], time: int) -> str:
    """The usual ladder, by the day that the oldest open invoice was to be paid."""
    if status not in FAILING:
        return "none"
    since = min(one["status_transitions"]["finalized_at"] for one in invoices if one["status"] == "open")
    days = (time - since) / DAY
    return "grace" if days < 3 else "warned" if days < 7 else "limited" if days < 14 else "suspended"


def found(session: Session, client_id: int) -> tuple[Any, ...]:
    row = session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one()
    quotas = {quota.resource.key: quota.quota for quota in row.quotas}
    plan = row.plan.name if row.plan else None
    return (plan, row.standing, row.step, quotas.get("contacts"), quotas.get("team_members"))


@pytest.mark.timeout(600)
def test_a_year_of_many_clients_ends_as_stripe_has_it(
    app: Flask, sandbox: SandboxProcess, session: Session, owner: Staff, pytestconfig: pytest.Config
) -> None:
    chance = Random(20301231)
    account = new_account(sandbox)
    row_id, token = connect(account)
    year = Year(sandbox, account, START, chance)
    sell(app, owner.id, year.wares)
    clients = {}
    for number in range(pytestconfig.getoption("--clients")):
        customer = year.add_customer(number)
        clients[customer] = new_client(f"Client {number}", f"client{number}@harbor.example")
        link_customer(clients[customer], row_id, customer)

    is_over = Event()
    with serving(app) as url, ThreadPoolExecutor(4) as threads:
        postman = Postman(sandbox, account, f"{url}/webhooks/stripe/{token}", chance)
        workers = [threads.submit(worker, app, is_over) for _ in range(2)]
        try:
            for month in range(MONTHS):
                postman.deliver_new(threads)
                if month == MONTHS // 2:
                    leave_nothing_to_chance(year)
                year.live_a_month()
            postman.deliver_new(threads)
        finally:
            is_over.set()
        for one in workers:
            one.result()
    catch_up(row_id)
    settle_rest(app, row_id)
    entitlement_jobs.evaluate_clients(current_portal())

    assert_same(held_here(session, row_id), held_at_stripe(sandbox, account.id))
    subscriptions = {one["id"]: one for one in sandbox.objects(account.id, "test", "subscription")}
    invoices = sandbox.objects(account.id, "test", "invoice")
    wanted = {
        customer: expected(year.wares, subscriptions[year.subscriptions[customer]], invoices, year.time)
        for customer in clients
    }
    assert {customer: found(session, client_id) for customer, client_id in clients.items()} == wanted
    assert balances(session, clients) == balances_at_stripe(sandbox, account)
    assert_year_had_money_of_every_kind(invoices)


def balances(session: Session, clients: dict[str, int]) -> dict[str, int]:
    """The balance that the pages show for each customer who has one, in minor units; credit is below zero."""
    shown: dict[str, int] = {}
    for customer, client_id in clients.items():
        link = link_of(session, session.get_one(Client, client_id))
        found = customer_balance.balance_of(session, link, None)
        if found is not None:
            shown[customer] = -found.amount.minor if found.is_credit else found.amount.minor
    return shown


def balances_at_stripe(sandbox: SandboxProcess, account: SandboxAccount) -> dict[str, int]:
    customers = sandbox.objects(account.id, "test", "customer")
    return {one["id"]: one["balance"] for one in customers if one["balance"]}


def assert_year_had_money_of_every_kind(invoices: list[dict[str, Any]]) -> None:
    """Tax of both kinds, coupons up to 100 percent, credit used and credit left."""
    behaviors = {tax["tax_behavior"] for one in invoices for tax in one["total_taxes"] or [] if tax["amount"]}
    assert behaviors == {"inclusive", "exclusive"}
    assert any(one["subtotal"] > 0 and one["total"] == 0 and one["total_discount_amounts"] for one in invoices)
    assert any(one["starting_balance"] < 0 < one["total"] for one in invoices)
    # Renewals while collection was paused, those that were given up, and bills for something else.
    renewals = {one["status"] for one in invoices if subscription_of(one)}
    assert renewals >= {"draft", "paid", "uncollectible", "void"}
    assert any(subscription_of(one) is None and one["status"] == "open" for one in invoices)
