"""A client pays exactly what the button said, or is shown what changed."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.sandbox import clocks
from tests.support.catalog.catalog import catalog, connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, paid_plan, subscribed_client
from tests.support.people.forms import form_of
from tests.support.stripe.one_offs import one_off
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

PAGE = "/portal/billing"
Life = tuple[Subscribed, str]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def sdk(sandbox: Sandbox, stripe_account: SandboxAccount) -> stripe.StripeClient:
    return sandbox.client(stripe_account.test_key)


@pytest.fixture
def begin(
    app: Flask,
    signed_in: Visitor,
    owner: Staff,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    session: Session,
    sdk: stripe.StripeClient,
) -> Callable[..., Life]:
    """Starts a client of Growth, US$29.00 a month, on a test clock."""
    connect(app, signed_in, stripe_account.test_key)
    plan_id = paid_plan(owner.id, catalog(sandbox, stripe_account), app, amount=2900)

    def one(**given: Any) -> Life:
        test_clock = clocks.new_clock(sdk)
        return subscribed_client(app, sdk, plan_id, test_clock=test_clock, **given), test_clock

    return one


@pytest.fixture
def failing(app: Flask, sdk: stripe.StripeClient, begin: Callable[..., Life]) -> Life:
    """A client whose first renewal was declined, and who has an older one-off that is not due yet."""
    one, test_clock = begin()
    one_off(sdk, one.customer, days=60)
    clocks.new_card(sdk, one.customer, "pm_card_chargeCustomerFail")
    clocks.advance(sdk, test_clock, clocks.months_after(clocks.START, 1) + 2 * clocks.HOUR)
    catch_up(app, sdk, one, test_clock)
    return one, test_clock


def paid_amounts(sdk: stripe.StripeClient, one: Subscribed) -> list[int]:
    """What was charged to the client, oldest first."""
    found = sdk.v1.charges.list(params={"customer": one.customer, "limit": 100}).data
    return [charge.amount for charge in found if charge.paid][::-1]


def test_the_button_of_a_failing_renewal_pays_the_renewal_and_not_an_older_one_off(
    app: Flask, sdk: stripe.StripeClient, failing: Life
) -> None:
    one, _ = failing
    visitor = visitor_of(app, one.client_id)
    page = visitor.get(PAGE)
    assert "Your payment of US$29.00 failed" in text_of(page)
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")
    assert "US$29.00" in form.button

    assert form.send(visitor).location == PAGE

    assert paid_amounts(sdk, one) == [2900, 2900]
    assert "Payment failed" not in text_of(visitor.get(PAGE))


def test_one_form_sent_twice_pays_once_though_another_invoice_is_open(
    app: Flask, sdk: stripe.StripeClient, failing: Life
) -> None:
    one, _ = failing
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    visitor = visitor_of(app, one.client_id)
    visitor.get(f"{PAGE}/return")
    form = form_of(visitor.get(PAGE), "pay-now")

    form.send(visitor)
    again = form.send(visitor)

    assert paid_amounts(sdk, one) == [2900, 2900]
    assert again.location == PAGE
    assert "This was paid already. Nothing was charged." in text_of(visitor.get(PAGE))
