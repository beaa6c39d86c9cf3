"""What a newer or an older Stripe sends: values that no version here knows, and cards saved as legacy sources."""

from typing import Any

import pytest
import stripe
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models import CatchUp, FailedRead, Invoice, PaymentMethod, Price, StripeEvent, Subscription
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import catalog, connect
from tests.support.catalog.plans import resource_id
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, paid_plan, subscribed_client
from tests.support.stripe.portals import work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
NEW = "never_heard_of"
# By the type of an object: fields whose values Stripe may add to, each with a value that nobody knows yet.
UNKNOWN: dict[str, dict[str, object]] = {
    "subscription": {
        "status": NEW,
        "collection_method": NEW,
        "cancellation_details": {"reason": NEW},
        "pause_collection": {"behavior": NEW, "resumes_at": None},
    },
    "invoice": {"status": NEW, "billing_reason": NEW, "collection_method": NEW},
    "payment_method": {"type": NEW, NEW: {"brand": NEW}},
    "invoice_payment": {"status": NEW, "payment": {"type": NEW}},
    "price": {"type": NEW, "billing_scheme": NEW, "tax_behavior": NEW},
    "product": {"type": NEW},
    "customer": {"tax_exempt": NEW},
}


@pytest.fixture
def client_of_growth(
    app: Flask,
    signed_in: Visitor,
    owner: Staff,
    sandbox: Sandbox,
    sdk: stripe.StripeClient,
    stripe_account: SandboxAccount,
    session: Session,
) -> Subscribed:
    """A client who pays US$49.00 a month for Growth."""
    connect(app, signed_in, stripe_account.test_key)
    quotas = {resource_id(session, "contacts"): Limit(5000)}
    plan_id = paid_plan(owner.id, catalog(sandbox, stripe_account), app, amount=4900, quotas=quotas)
    return subscribed_client(app, sdk, plan_id)


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_value_that_nobody_knows_stops_neither_reading_nor_pages(
    app: Flask,
    signed_in: Visitor,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    client_of_growth: Subscribed,
    session: Session,
    kind: str,
) -> None:
    for one in sandbox.objects(stripe_account.id, "test", kind):
        shown = {"account": stripe_account.id, "mode": "test", "id": one["id"], "shown": UNKNOWN[kind]}
        sandbox.control("objects/alter", **shown)
    with app.app_context(), transaction() as writing:
        writing.scalars(select(CatchUp)).one().cursor_at = None
    signed_in.swap("/saas/payment-processor/catch-ups")
    assert signed_in.swap(f"/saas/clients/{client_of_growth.client_id}/fetches").status_code in (200, 303)
    for _ in range(2):
        work(app)

    session.rollback()
    stored = {
        "subscription": session.scalars(select(Subscription.status)).all(),
        "invoice": session.scalars(select(Invoice.status)).all(),
        "payment_method": session.scalars(select(PaymentMethod.type)).all(),
        "price": session.scalars(select(Price.billing_scheme).where(Price.billing_scheme == NEW).limit(1)).all(),
    }
    assert stored.get(kind, [NEW]) == [NEW]
    assert session.scalars(select(FailedRead.reason)).all() == []
    assert session.scalars(select(StripeEvent.error).where(StripeEvent.state == "failed")).all() == []
    client_id = client_of_growth.client_id
    for address in (f"/saas/clients/{client_id}", "/saas/clients", "/saas/prices", "/saas/plans", "/saas/events"):
        assert signed_in.get(address).status_code in (200, 404), address
    assert visitor_of(app, client_id).get("/portal/billing").status_code == 200


def test_a_legacy_source_is_a_way_to_pay_and_shown(
    app: Flask,
    signed_in: Visitor,
    sandbox: Sandbox,
    sdk: stripe.StripeClient,
    stripe_account: SandboxAccount,
    client_of_growth: Subscribed,
) -> None:
    one = client_of_growth
    settings: Any = {"invoice_settings": {"default_payment_method": ""}}
    sandbox.control("sources", account=stripe_account.id, mode="test", customer=one.customer)
    assert "Visa ending 4242" in text_of(visitor_of(app, one.client_id).get("/portal/billing"))
    sdk.v1.customers.update(one.customer, params=settings)
    catch_up(app, sdk, one)
    sandbox.control("requests", verb="DELETE")
    work(app)

    for page in (
        visitor_of(app, one.client_id).get("/portal/billing"),
        signed_in.get(f"/saas/clients/{one.client_id}"),
    ):
        assert "Card saved at Stripe" in text_of(page)
    asked = [row["path"] for row in sandbox.control("requests")["requests"]]
    assert not [path for path in asked if path.startswith("/v1/payment_methods/card_")]
    price = sdk.v1.subscription_items.list(params={"subscription": one.subscription}).data[0].price.id
    second = sdk.v1.subscriptions.create(params={"customer": one.customer, "items": [{"price": price}]})
    assert second.status == "active"
