"""A partner with three plans, and clients who change between them."""

from dataclasses import dataclass
from typing import Any

import stripe
from flask import Flask

from billingportal.db import db, transaction
from billingportal.domain.entitlements import evaluation
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, SUBSCRIPTION, SUBSCRIPTION_SCHEDULE, TEST_CLOCK
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import resource_id
from tests.support.people.clients import (
    Subscribed,
    catch_up,
    connection,
    plan_items,
    plan_of,
    subscribed_client,
)

YEAR = {"interval": "year"}


@dataclass(frozen=True)
class Store:
    """Three plans in the partner's order: Starter, Growth (also by the year, also with paid contacts), Scale."""

    app: Flask
    sdk: stripe.StripeClient
    starter: int
    growth: int
    scale: int
    contacts: int

    def subscribe(self, plan_id: int, **given: Any) -> Subscribed:
        return subscribed_client(self.app, self.sdk, plan_id, **given)

    def refresh(self, client: Subscribed, test_clock: str | None = None) -> None:
        """Read what became of the subscription, as webhooks would tell."""
        with self.app.app_context():
            self.read(client, test_clock)

    def read(self, client: Subscribed, test_clock: str | None) -> None:
        account, gateway = connection()
        if test_clock:
            reconciliation.refresh(transaction, gateway, account.id, TEST_CLOCK, test_clock)
        row = self.sdk.v1.subscriptions.retrieve(client.subscription)
        if row.schedule:
            reconciliation.refresh(transaction, gateway, account.id, SUBSCRIPTION_SCHEDULE, str(row.schedule))
        for invoice in self.invoices(client):
            reconciliation.refresh(transaction, gateway, account.id, INVOICE, str(invoice.id))
        reconciliation.refresh(transaction, gateway, account.id, SUBSCRIPTION, client.subscription)
        with transaction() as session:
            evaluation.evaluate(session, client.client_id)

    def read_card(self, client: Subscribed) -> None:
        """Read the customer and its payment methods, as webhooks would tell."""
        catch_up(self.app, self.sdk, client)

    def invoices(self, client: Subscribed) -> list[stripe.Invoice]:
        """The newest first."""
        return self.sdk.v1.invoices.list(params={"customer": client.customer}).data

    def held(self, client: Subscribed) -> dict[str, int | None]:
        """The prices at Stripe and how many of each."""
        items = self.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data
        return {item.price.id: getattr(item, "quantity", None) for item in items}


def open_store(app: Flask, sdk: stripe.StripeClient, staff_id: int) -> Store:
    """The plans, in an account that is connected."""
    goods = Catalog(sdk)
    with app.app_context():
        contacts = resource_id(db.session(), "contacts")
        db.session().rollback()
    names = {name: goods.product(name) for name in ("Starter", "Growth", "Scale")}
    tiers = [{"up_to": 1000, "unit_amount": 10}, {"up_to": "inf", "unit_amount": 5}]
    links = {
        "Starter": [Link(goods.price(unit_amount=1900, product=names["Starter"]), "flat")],
        "Growth": [
            Link(goods.price(unit_amount=4900, product=names["Growth"]), "flat"),
            Link(goods.price(unit_amount=49000, product=names["Growth"], recurring=YEAR), "flat"),
        ],
        "Scale": [
            Link(goods.price(unit_amount=9900, product=names["Scale"]), "flat"),
            Link(goods.tiered("graduated", tiers, product=names["Scale"]), "quantity", contacts),
            Link(goods.metered(goods.meter("contacts_used"), product=names["Scale"], unit_amount=3), "usage", contacts),
        ],
    }
    included = {"Starter": 100, "Growth": 1000, "Scale": 5000}
    plans = {
        name: plan_of(staff_id, app, links[name], name, quotas={contacts: Limit(included[name])}) for name in links
    }
    return Store(app, sdk, plans["Starter"], plans["Growth"], plans["Scale"], contacts)


def plan_in_stripe(store: Store, client: Subscribed, plan_id: int | None, **more: Any) -> str:
    """A schedule with the present items until the period ends, and a plan's items from then on, if one is given."""
    schedule = store.sdk.v1.subscription_schedules.create({"from_subscription": client.subscription})
    now = schedule.phases[0]
    items = [{"price": item.price, "quantity": item.quantity} for item in now["items"]]
    phases: list[Any] = [{"items": items, "start_date": now.start_date, "end_date": now.end_date}]
    if plan_id is not None:
        coming = plan_items(db.session(), plan_id, ("month", 1), {"contacts": 10})
        db.session().rollback()
        phases.append({"items": coming, "duration": {"interval": "month"}})
    params: Any = {"phases": phases, "proration_behavior": "none", **more}
    store.sdk.v1.subscription_schedules.update(schedule.id, params)
    store.refresh(client)
    return schedule.id
