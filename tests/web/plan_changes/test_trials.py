"""Changing the plan of a trial, on the client's pages: what it costs, and where a card comes first."""

import pytest
from flask import Flask

from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PLAN = "/portal/billing/plan"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def store(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Store:
    connect(app, signed_in, stripe_account.test_key)
    return open_store(app, sandbox.client(stripe_account.test_key), owner.id)


def test_the_end_of_a_trial_and_its_price_are_shown(app: Flask, store: Store) -> None:
    client = store.subscribe(store.growth, trial_period_days=14)

    words = text_of(visitor_of(app, client.client_id).get(f"{PLAN}/preview?plan={store.starter}&interval=month"))

    assert "Starter has no trial, so the trial ends and the plan is paid now." in words
    assert "Due now US$19.00" in words
    assert "Change and pay US$19.00" in words


def test_where_a_card_comes_first_one_can_be_added(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.growth, card="", trial_period_days=14)

    refused = visitor_of(app, client.client_id).get(f"{PLAN}/preview?plan={store.starter}&interval=month")
    assert refused.status_code == 422
    assert "Starter has no trial, so it is paid now. Add a card first." in text_of(refused)
    assert 'action="/portal/billing/payment-method"' in refused.text

    refused = signed_in.get(f"/saas/clients/{client.client_id}/plan/preview?plan={store.starter}&interval=month")
    assert "The client can add one with a billing link." in text_of(refused)
    assert "/portal/billing/payment-method" not in refused.text
