"""Access to Stripe: a request waits for one time limit, however many of its steps ask Stripe."""

import pytest
from flask import Flask

from billingportal.config import Settings
from billingportal.db import db
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.client import OpenGateway, gateway_opener
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor, text_of
from tests.support.people.checkouts import Till, furnish
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
ORDER = {"name": "Quayside", "email": "front@quayside.example", "workspace_name": "Front desk", "interval": "month"}


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def opened() -> list[StripeGateway]:
    """Every gateway that the application opened."""
    return []


@pytest.fixture
def open_gateway(sandbox: Sandbox, opened: list[StripeGateway]) -> OpenGateway:
    opener = gateway_opener(sandbox.url)

    def counted(secret_key: str) -> StripeGateway:
        opened.append(opener(secret_key))
        return opened[-1]

    return counted


def test_a_sign_up_opens_one_gateway_and_the_next_request_its_own(
    app: Flask,
    signed_in: Visitor,
    owner: Staff,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    opened: list[StripeGateway],
) -> None:
    connect(app, signed_in, stripe_account.test_key)
    with app.app_context():
        plans = furnish(app, Till(sandbox, stripe_account), owner.id)
        db.session.remove()
    for number in (1, 2):
        opened.clear()
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        order = {**ORDER, "plan": str(plans["Growth"]), "currency": "usd", "email": f"{number}@quayside.example"}
        sent = visitor.submit("/portal/sign-up", order)
        assert sent.status_code == 303, text_of(sent)
        assert len(opened) == 1
