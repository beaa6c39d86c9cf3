"""Whoever has no trial left reads of none on the pages that its own page leads to; strangers do."""

import re
from html import unescape

import pytest
import stripe
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import catalog, connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import catch_up, new_client, paid_plan, subscribed_client
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE, PRICING = "/portal/billing", "/portal/pricing"
FREE = "14 days free"


@pytest.fixture
def plan_id(
    app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> int:
    connect(app, signed_in, stripe_account.test_key)
    return paid_plan(owner.id, catalog(sandbox, stripe_account), app, trial_days=14, trial_needs_card=False)


def link(visitor: Visitor, address: str, pattern: str) -> str:
    """The address of the first link on a page that has the pattern in it."""
    found = re.search(rf'href="([^"]*{pattern}[^"]*)"', visitor.get(address).text)
    assert found is not None
    return unescape(found.group(1))


def test_a_former_client_reads_of_no_trial(app: Flask, sdk: stripe.StripeClient, plan_id: int, client: Visitor) -> None:
    one = subscribed_client(app, sdk, plan_id)
    sdk.v1.subscriptions.cancel(one.subscription)
    catch_up(app, sdk, one)
    visitor = visitor_of(app, one.client_id)

    pricing = link(visitor, PAGE, "/portal/pricing")
    order = link(visitor, pricing, "/portal/sign-up")
    back = link(visitor, order, "/portal/pricing")
    moved_on = str(visitor.get(f"{PAGE}/plan").location)

    for address in (PAGE, pricing, order, back, moved_on):
        assert FREE not in text_of(visitor.get(address)), address
    assert 'name="returning" value="1"' in visitor.get(pricing).text
    assert FREE in text_of(client.get(PRICING))


def test_a_client_who_never_had_a_plan_reads_of_its_trial(app: Flask, plan_id: int) -> None:
    visitor = visitor_of(app, new_client())
    pricing = link(visitor, PAGE, "/portal/pricing")
    assert FREE in text_of(visitor.get(pricing))
    assert FREE in text_of(visitor.get(link(visitor, pricing, "/portal/sign-up")))
