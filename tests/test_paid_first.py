"""Nothing is granted before it is paid, in whatever order Stripe's events arrive.

Trials are excepted, and what owes nothing: use that is paid afterwards, and invoices that the partner gave up.
"""

from collections.abc import Iterator
from random import Random

import hypothesis
import pytest
from flask import Flask
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import db
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import clients as client_jobs
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.jobs import sync as sync_jobs
from billingportal.models import Entitlement, Plan
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import resource_id
from tests.support.people.buyers import Buyer
from tests.support.people.clients import link_customer, new_client, plan_of
from tests.support.stripe import events
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import SandboxClient, SandboxProcess
from tests.support.stripe.streams import connect, events_of, settle_rest

# What each plan costs, in minor units, and how many contacts it includes; the smallest first. The first is paid by use.
BY_USE = "By use"
PLANS = {BY_USE: (20, 0), "Small": (900, 100), "Medium": (2900, 1000), "Large": (9900, None)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: SandboxProcess) -> Settings:
    return with_sandbox(settings, sandbox)


def sell(app: Flask, catalog: Catalog, staff_id: int, marker: int) -> dict[str, str]:
    """The plans; their prices by their names."""
    prices = {}
    contacts = resource_id(db.session(), "contacts")
    for name, (amount, quota) in PLANS.items():
        is_by_use = name == BY_USE
        more = {"recurring": by_use(catalog)} if is_by_use else {}
        price = prices[f"{name} {marker}"] = catalog.price(unit_amount=amount, **more)
        links = [Link(price, "usage", contacts) if is_by_use else Link(price, "flat")]
        quotas = {contacts: Limit(quota, "bill" if is_by_use else "block")}
        plan_of(staff_id, app, links, f"{name} {marker}", quotas=quotas)
    return prices


def by_use(catalog: Catalog) -> dict[str, str]:
    """The `recurring` of a metered price."""
    meter = catalog.client.v1.billing.meters.create(
        params={"display_name": "Contacts", "event_name": "contacts", "default_aggregation": {"formula": "sum"}}
    )
    return {"interval": "month", "usage_type": "metered", "meter": meter.id}


def plan_name(session: Session, client_id: int) -> str | None:
    """The plan that the client has by a subscription, if any."""
    session.rollback()
    return session.scalar(
        select(Plan.name)
        .join(Entitlement, Entitlement.plan_id == Plan.id)
        .where(Entitlement.client_id == client_id, Entitlement.source == "subscription")
    )


@hypothesis.settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate],
)
@hypothesis.given(seed=st.integers(0, 2**32), steps=st.integers(2, 12))
def test_nothing_is_granted_before_it_is_paid_in_any_order_of_events(
    app: Flask, sandbox: SandboxClient, session: Session, owner: Staff, seed: int, steps: int
) -> None:
    chance = Random(seed)
    account = new_account(sandbox)
    row_id, token = connect(account)
    sdk = sandbox.client(account.test_key)
    prices = sell(app, Catalog(sdk), owner.id, row_id)
    buyers = {}
    for number in range(3):
        buyer = Buyer(sdk, chance, prices, f"{BY_USE} {row_id}")
        client_id = new_client(f"Client {number}", f"{number}.{row_id}@harbor.example")
        link_customer(client_id, row_id, buyer.customer)
        buyer.live(steps)
        buyers[client_id] = buyer
    told = [one for one in events_of(sandbox, account) if one["type"] in DELIVERED_EVENTS]
    stream = [events.as_body(one) for one in told for _ in range(chance.choice((1, 1, 2)))]
    chance.shuffle(stream)

    door = app.test_client()
    for position, body in enumerate(stream):
        signed = {"Stripe-Signature": events.signature(body)}
        assert door.post(f"/webhooks/stripe/{token}", data=body, headers=signed).status_code == 200
        if position % 5 == 0:
            sync_jobs.reconcile_events(current_portal())
        entitlement_jobs.evaluate_clients(current_portal())
        for client_id, buyer in buyers.items():
            assert plan_name(session, client_id) in {None, *buyer.granted}

    settle_rest(app, row_id)
    entitlement_jobs.evaluate_clients(current_portal())
    client_jobs.fetch_missing(current_portal())
    entitlement_jobs.evaluate_clients(current_portal())
    held = {client_id: plan_name(session, client_id) for client_id in buyers}
    assert held == {client_id: buyer.held for client_id, buyer in buyers.items()}
