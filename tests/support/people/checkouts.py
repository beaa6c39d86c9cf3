"""A shop with plans of every kind in a connected sandbox account, and customers who pay there."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import select

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.checkout import checkouts
from billingportal.domain.checkout.requests import Wanted
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.jobs import sync as sync_jobs
from billingportal.models import CatchUp, Checkout
from billingportal.portal import current_portal
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import resource_id
from tests.support.people.clients import connection, plan_of
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient

SUCCESS = "https://harbor.example/portal/checkout/{checkout}?session_id={CHECKOUT_SESSION_ID}"
CANCEL = "https://harbor.example/portal/pricing"
MONTHLY, YEARLY = Selection(("month", 1), "usd"), Selection(("year", 1), "usd")
CARD, DECLINED, ASKS, DELAYED = "4242424242424242", "4000000000000002", "4000002760003184", "sepa"


@dataclass(frozen=True)
class Till:
    """The account's checkout, as customers use it."""

    sandbox: SandboxClient
    account: SandboxAccount

    def pay(self, session_id: str | None, card: str = CARD, **given: str) -> dict[str, Any]:
        """Fill in the page and send it."""
        page = {"session": session_id, "card": card, **given}
        answer: dict[str, Any] = self.sandbox.control(
            "checkout/complete", verb="POST", account=self.account.id, mode="test", **page
        )
        return answer

    def expire(self, session_id: str | None) -> None:
        """The session's time is over."""
        self.sandbox.control("checkout/expire", account=self.account.id, mode="test", session=session_id)

    def settle(self, outcome: str) -> None:
        """The banks decide what takes them days."""
        self.sandbox.control("payments/settle", account=self.account.id, mode="test", outcome=outcome)

    def sessions(self, status: str = "") -> list[dict[str, Any]]:
        found = self.sandbox.objects(self.account.id, "test", "checkout.session")
        return [one for one in found if status in ("", one["status"])]

    def subscriptions(self) -> list[dict[str, Any]]:
        return self.sandbox.objects(self.account.id, "test", "subscription")


def session_of(address: str | None) -> str:
    """The session's id in the address of its page."""
    found = re.search(r"cs_test_\w+", address or "")
    assert found is not None, address
    return found.group()


def furnish(app: Flask, till: Till, staff_id: int) -> dict[str, int]:
    """Growth by month and year, in dollars and euros; Trial without a card; Scale by number and use; their ids.

    Needs an application context and a connected account.
    """
    shop = Catalog(till.sandbox.client(till.account.test_key))
    euros = {"eur": {"unit_amount": 2700}}
    month, year = shop.price(currency_options=euros), shop.price(unit_amount=29000, recurring={"interval": "year"})
    trial = shop.price(unit_amount=900)
    each, use = shop.price(unit_amount=2), shop.metered(shop.meter(), unit_amount=1)
    contacts, members = resource_id(db.session(), "contacts"), resource_id(db.session(), "team_members")
    scale = [Link(each, "quantity", contacts), Link(use, "usage", members)]
    return {
        "Growth": plan_of(staff_id, app, [Link(month, "flat"), Link(year, "flat")], quotas={contacts: Limit(5000)}),
        "Trial": plan_of(staff_id, app, [Link(trial, "flat")], "Trial", trial_days=14, trial_needs_card=False),
        "Scale": plan_of(staff_id, app, scale, "Scale", quotas={members: Limit(3, "bill")}),
    }


def start(client_id: int, plan_id: int, selection: Selection = MONTHLY, visitor: str = "") -> Checkout:
    """The client's open checkout, read afresh."""
    account, gateway = connection()
    db.session().rollback()
    wanted = Wanted(account.id, client_id, plan_id, selection, SUCCESS, CANCEL, visitor)
    made = checkouts.start_checkout(transaction, gateway, wanted)
    db.session().refresh(made)
    return made


def tell(app: Flask) -> None:
    """All of Stripe's events arrive, and the worker has done its work."""
    with app.app_context():
        with transaction() as session:
            for row in session.scalars(select(CatchUp)):
                row.request(clock.now())
        for job in (sync_jobs.catch_up, sync_jobs.reconcile_events, entitlement_jobs.evaluate_clients):
            job(current_portal())
        db.session.remove()
