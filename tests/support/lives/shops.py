"""A partner's shop for lives by chance: its plans, and what each price was sold as."""

import sys
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import stripe
from flask import Flask

from billingportal.db import db
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import clients, entitlements, sync
from billingportal.jobs.subscriptions import checkout, invoices, plan_changes
from billingportal.models import Plan
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from tests.sandbox.clocks import new_clock
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.pages import Visitor
from tests.support.people.billing import visitor_of
from tests.support.people.clients import link_customer, new_client, new_customer, plan_of
from tests.support.stripe import events
from tests.support.stripe.portals import new_account
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient
from tests.support.stripe.streams import connect, events_of

FREE = "Free"
AMOUNTS = {"Starter": 1900, "Growth": 4900, "Scale": 9900}
# As a worker does, after the events came.
JOBS = (
    sync.reconcile_events,
    checkout.recover_checkouts,
    invoices.read_payment_attempts,
    plan_changes.finish_plan_changes,
    plan_changes.follow_scheduled_terms,
    entitlements.evaluate_clients,
    clients.fetch_missing,
    entitlements.evaluate_clients,
)


def note(words: str) -> None:
    """Print what was done; pytest shows it after a failure."""
    sys.stdout.write(f"{words}\n")


@dataclass
class Person:
    """A client, and what it was sold. `price` is the price that it pays by now; None without a subscription.

    `planned` is the price that it moves to at the end of the period.
    """

    name: str
    client_id: int
    customer: str
    clock: str
    visitor: Visitor
    subscription: str | None = None
    price: str | None = None
    planned: str | None = None


@dataclass
class Shop:
    """An account with plans, of which `sold_as` says by price what was sold, whatever staff edit since."""

    app: Flask
    sandbox: SandboxClient
    account: SandboxAccount
    staff: Visitor
    staff_id: int
    chance: Random
    row_id: int
    token: str
    plans: dict[str, int] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    sold_as: dict[str, str] = field(default_factory=dict)
    for_sale: dict[str, str] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    people: list[Person] = field(default_factory=list)
    last_event: str = ""

    @property
    def sdk(self) -> stripe.StripeClient:
        return self.sandbox.client(self.account.test_key)

    def new_price(self, plan: str, amount: int) -> str:
        price = Catalog(self.sdk).price(unit_amount=amount, product=self.products[plan])
        self.sold_as[price] = plan
        return price

    def add_person(self) -> Person:
        """A client with a customer on a test clock, and no subscription yet."""
        name = f"Client {self.row_id} {len(self.people)}"
        test_clock = new_clock(self.sdk)
        customer = new_customer(self.sdk, name, "pm_card_visa", test_clock)
        client_id = new_client(name, f"{uuid4().hex[:12]}@harbor.example")
        link_customer(client_id, self.row_id, customer)
        one = Person(name, client_id, customer, test_clock, visitor_of(self.app, client_id))
        self.people.append(one)
        return one

    def tell(self) -> None:
        """All of Stripe's new events arrive, also those of the worker's own requests."""
        while new := events_of(self.sandbox, self.account, after=self.last_event):
            self.last_event = str(new[0]["id"])
            self.deliver([one for one in new if one["type"] in DELIVERED_EVENTS])
            self.work()

    def deliver(self, messages: list[JsonObject]) -> None:
        """Truly signed, shuffled, some of them twice."""
        bodies = [events.as_body(one) for one in messages for _ in range(self.chance.choice((1, 1, 1, 2)))]
        self.chance.shuffle(bodies)
        door = self.app.test_client()
        for body in bodies:
            signed = {"Stripe-Signature": events.signature(body)}
            assert door.post(f"/webhooks/stripe/{self.token}", data=body, headers=signed).status_code == 200

    def work(self) -> None:
        for job in JOBS:
            job(current_portal())
        db.session().rollback()

    def revision(self, plan: str) -> int:
        db.session().rollback()
        found = db.session().get_one(Plan, self.plans[plan], populate_existing=True).revision
        db.session().rollback()
        return found


def open_shop(app: Flask, sandbox: SandboxClient, staff: Visitor, staff_id: int, chance: Random) -> Shop:
    """A shop with a free plan and three that are paid, at an account of its own."""
    sandbox.control("clocks", customers_per_clock=1000)
    account = new_account(sandbox)
    row_id, token = connect(account)
    shop = Shop(app, sandbox, account, staff, staff_id, chance, row_id, token)
    contacts = resource_id(db.session(), "contacts")
    if db.session().query(Plan).filter_by(name=FREE).first() is None:
        new_plan(staff_id, FREE, is_active=True, quotas={contacts: Limit(10)})
    for name, amount in AMOUNTS.items():
        title = f"{name} {row_id}"
        shop.products[title] = Catalog(shop.sdk).product(title)
        shop.for_sale[title] = shop.new_price(title, amount)
        terms: dict[str, Any] = {"quotas": {contacts: Limit(amount)}}
        shop.plans[title] = plan_of(staff_id, app, [Link(shop.for_sale[title], "flat")], title, **terms)
    return shop
