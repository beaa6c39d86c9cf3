"""A partner who edits plans by chance, with buyers who subscribe between the edits, here and at Stripe."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

import stripe
from flask import Flask

from billingportal.db import db, transaction
from billingportal.domain.entitlements import evaluation
from billingportal.domain.offers import offers
from billingportal.domain.offers.offers import Choice
from billingportal.domain.plans import lifecycle
from billingportal.domain.plans.price_links import Link, links_of
from billingportal.models import Plan, PlanPrice
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.edits import sell_by
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.people.clients import link_customer, new_client

RESOURCES = ("contacts", "channels", "team_members")


@dataclass(frozen=True)
class Sold:
    """A subscription, and what it was sold as: the plan, and the numbers by resource key. A client of None is a
    customer whom nobody adopted yet."""

    client_id: int | None
    customer: str
    subscription: str
    plan_id: int
    bought: dict[str, int]
    was_moved: bool = False


@dataclass(frozen=True)
class Opened:
    """An open checkout, and what it offered: items, plan, and the numbers by resource key."""

    checkout_id: int
    client_id: int
    customer: str
    plan_id: int
    bought: dict[str, int]
    items: list[dict[str, Any]]


@dataclass
class Partner:
    """A business at one account. `prices` are those that it may link to its `plans`."""

    app: Flask
    sdk: stripe.StripeClient
    staff_id: int
    chance: Random
    account_id: int
    plans: list[int] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    sold: list[Sold] = field(default_factory=list)
    checkouts: list[Opened] = field(default_factory=list)

    def open(self) -> None:
        """Two plans, one of them sold by number."""
        self.prices = [self.new_price() for _ in range(3)]
        self.plans = [new_plan(self.staff_id, f"{name} {self.account_id}") for name in ("Free", "Growth", "Seats")][1:]
        for plan_id, links in zip(self.plans, ([self.flat()], [self.by_number()]), strict=True):
            sell_by(self.app, self.staff_id, plan_id, *links)
            self.set_state(plan_id, lifecycle.activate_plan)

    def plan(self) -> int:
        return self.chance.choice(self.plans)

    def new_price(self, **given: Any) -> str:
        return Catalog(self.sdk).price(unit_amount=self.chance.randint(1, 99) * 100, **given)

    def flat(self) -> Link:
        return Link(self.chance.choice(self.prices), "flat")

    def by_number(self) -> Link:
        return Link(self.chance.choice(self.prices), "quantity", self.resource())

    def resource(self) -> int:
        found = resource_id(db.session(), self.chance.choice(RESOURCES))
        db.session().rollback()
        return found

    def set_state(self, plan_id: int, change: Callable[..., Plan]) -> None:
        with transaction() as session:
            change(session, plan_id, staff_id=self.staff_id)

    def links(self, plan_id: int) -> list[Link]:
        found = links_of(db.session().get_one(Plan, plan_id, populate_existing=True), self.account_id)
        db.session().rollback()
        return found

    def choice(self, plan_id: int) -> Choice | None:
        """A way to pay for the plan, if it is for sale."""
        found = offers.offer(db.session(), db.session().get_one(Plan, plan_id), "test")
        return self.chance.choice(found.choices) if found.is_for_sale and found.choices else None

    def items(self, choice: Choice) -> list[dict[str, Any]]:
        return [
            {"stripe_price_id": one.price.stripe_price_id, "quantity": 1 if one.role == "flat" else self.number()}
            for one in choice.prices
        ]

    def number(self) -> int:
        return self.chance.randint(2, 50)

    def customer(self) -> str:
        card = "pm_card_visa"
        params = {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
        return self.sdk.v1.customers.create(params=cast(Any, params)).id

    def client(self, customer: str) -> int:
        client_id = new_client("Client", f"{customer}@harbor.example")
        link_customer(client_id, self.account_id, customer)
        return client_id

    def evaluate(self, client_id: int) -> None:
        with transaction() as session:
            evaluation.evaluate(session, client_id)

    def subscribe(self, customer: str, items: list[dict[str, Any]]) -> str:
        given = [{"price": one["stripe_price_id"], "quantity": one["quantity"]} for one in items]
        return self.sdk.v1.subscriptions.create(params=cast(Any, {"customer": customer, "items": given})).id

    def bought(self, links: dict[str, PlanPrice], items: list[dict[str, Any]]) -> dict[str, int]:
        """The numbers by resource key that these items are, sold by these links."""
        rows = [(links[one["stripe_price_id"]], one["quantity"]) for one in items]
        return {link.resource.key: number for link, number in rows if link.resource is not None}
