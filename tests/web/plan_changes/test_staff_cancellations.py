"""Cancelling and keeping a subscription, as staff and as the client; starting before the trial ends."""

import pytest
from flask import Flask

from billingportal.config import Settings
from billingportal.db import db
from billingportal.models import Cancellation
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import link_of
from tests.support.people.forms import form_of
from tests.support.people.plan_changes import entitlement_of, move
from tests.support.people.stores import Store, open_store
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def store(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Store:
    connect(app, signed_in, stripe_account.test_key)
    return open_store(app, sandbox.client(stripe_account.test_key), owner.id)


def test_staff_cancel_for_the_end_and_resume(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    page = f"/saas/clients/{client.client_id}/cancellation"
    assert "At the end of the period, on " in text_of(signed_in.get(page))

    signed_in.submit(page, {"when": "end", "reason": "unused", "comment": "We closed a branch"})

    at_stripe = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert at_stripe.cancel_at_period_end or at_stripe.cancel_at
    assert at_stripe.cancellation_details is not None
    assert at_stripe.cancellation_details.feedback == "unused"
    with app.app_context():
        assert entitlement_of(client.client_id).standing == "canceling"
        row = db.session().query(Cancellation).one()
        assert (row.reason, row.comment, row.is_at_once) == ("unused", "We closed a branch", False)
    assert "The subscription ends on " in text_of(signed_in.get(f"/saas/clients/{client.client_id}"))

    signed_in.submit(f"{page}/removal")

    at_stripe = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert not at_stripe.cancel_at_period_end
    assert at_stripe.cancel_at is None
    with app.app_context():
        assert entitlement_of(client.client_id).standing == "active"


def test_a_cancellation_in_stripes_other_spelling_is_resumed_too(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)
    store.sdk.v1.subscriptions.update(client.subscription, params={"cancel_at": "min_period_end"})
    store.refresh(client)
    page = f"/saas/clients/{client.client_id}/cancellation"

    assert "Starter ends on " in text_of(signed_in.get(page))
    signed_in.submit(f"{page}/removal")

    assert store.sdk.v1.subscriptions.retrieve(client.subscription).cancel_at is None


def test_the_client_cancels_now_and_use_so_far_is_billed(app: Flask, client: Visitor, store: Store) -> None:
    subscribed = store.subscribe(store.scale, quantities={"contacts": 10})
    payload = {"stripe_customer_id": subscribed.customer, "value": "70"}
    store.sdk.v1.billing.meter_events.create(params={"event_name": "contacts_used", "payload": payload})
    client.get(link_of(app, subscribed.client_id))
    page = "/portal/billing/cancellation"
    assert "What was used so far is billed now: US$2.10 with Visa ending 4242." in text_of(client.get(page))
    form = form_of(client.get(page), "cancel-subscription").typed(when="now")

    assert form.send(client).status_code == 303

    assert store.sdk.v1.subscriptions.retrieve(subscribed.subscription).status == "canceled"
    assert store.invoices(subscribed)[0].total == 210
    with app.app_context():
        assert entitlement_of(subscribed.client_id).standing == "ended"


def test_cancelling_releases_a_planned_change(signed_in: Visitor, store: Store, app: Flask) -> None:
    client = store.subscribe(store.growth)
    with app.app_context():
        move(client.client_id, store.starter)

    signed_in.submit(f"/saas/clients/{client.client_id}/cancellation", {"when": "end"})

    at_stripe = store.sdk.v1.subscriptions.retrieve(client.subscription)
    assert at_stripe.schedule is None
    assert at_stripe.cancel_at is not None or at_stripe.cancel_at_period_end


def test_nonsense_is_refused_and_what_was_typed_stays(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.starter)

    answer = signed_in.submit(
        f"/saas/clients/{client.client_id}/cancellation", {"reason": "bored", "comment": "Typed <b>"}
    )

    assert answer.status_code == 422
    assert "Choose one of the reasons." in text_of(answer)
    assert "Typed &lt;b&gt;</textarea>" in answer.text


def test_a_trial_is_started_early(app: Flask, signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.growth, trial_period_days=14)
    assert "The trial ends on " in text_of(signed_in.get(f"/saas/clients/{client.client_id}"))

    form_of(signed_in.get(f"/saas/clients/{client.client_id}/trial-end"), "start-now").send(signed_in)

    assert store.sdk.v1.subscriptions.retrieve(client.subscription).status == "active"
    assert store.invoices(client)[0].amount_paid == 4900
    with app.app_context():
        assert entitlement_of(client.client_id).standing == "active"


def test_a_trial_without_a_card_cannot_be_started(signed_in: Visitor, store: Store) -> None:
    client = store.subscribe(store.growth, card="", trial_period_days=14)

    answer = signed_in.submit(f"/saas/clients/{client.client_id}/trial-end")

    assert answer.status_code == 422
    assert "There is no card to charge. Add one first." in text_of(answer)
