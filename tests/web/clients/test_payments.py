"""A first payment that failed, on both pages: what is said, and paying it from either side."""

import re
from html import unescape

import pytest
import stripe
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.models import AuditEntry, Entitlement
from billingportal.models.auth.staff import Staff
from tests.sandbox import clocks
from tests.sandbox.clocks import DAY, HOUR
from tests.support.catalog.catalog import catalog, connect
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, paid_plan, subscribed_client
from tests.support.people.forms import form_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
BILLING = "/portal/billing"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def sdk(sandbox: Sandbox, stripe_account: SandboxAccount) -> stripe.StripeClient:
    return sandbox.client(stripe_account.test_key)


@pytest.fixture
def plan_id(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> int:
    connect(app, signed_in, stripe_account.test_key)
    return paid_plan(owner.id, catalog(sandbox, stripe_account), app, trial_days=14)


@pytest.fixture
def failed(app: Flask, sdk: stripe.StripeClient, plan_id: int) -> Subscribed:
    """A client whose first charge after the trial has failed."""
    test_clock = clocks.new_clock(sdk)
    card = "pm_card_chargeCustomerFail"
    one = subscribed_client(app, sdk, plan_id, card=card, test_clock=test_clock, trial_period_days=14)
    clocks.advance(sdk, test_clock, clocks.START + 14 * DAY + 2 * HOUR)
    catch_up(app, sdk, one, test_clock)
    return one


def hidden(page: str) -> dict[str, str]:
    """The fields of the form that charges the client."""
    form = page[page.index('name="object"') - 40 : page.index('id="charge-now"')]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def test_staff_are_told_and_charge_the_card(
    signed_in: Visitor, failed: Subscribed, sdk: stripe.StripeClient, app: Flask, session: Session
) -> None:
    address = f"/saas/clients/{failed.client_id}"
    page = signed_in.get(address)
    words = text_of(page)
    assert "Its first payment failed, so the plan has not started. It starts as soon as it is paid." in words
    assert "Charge US$29.00 now" in words

    declined = signed_in.submit(f"{address}/payments", hidden(page.text))
    assert declined.status_code == 422
    assert "Your card was declined. Nothing was charged." in text_of(declined)

    clocks.new_card(sdk, failed.customer, "pm_card_visa")
    catch_up(app, sdk, failed)
    fields = hidden(signed_in.get(address).text)
    assert signed_in.submit(f"{address}/payments", fields).location == address
    assert signed_in.submit(f"{address}/payments", fields).status_code == 422  # it is paid: nothing is due
    session.rollback()
    assert session.scalars(select(Entitlement.standing)).one() == "active"
    paid = [one for one in sdk.v1.invoices.list(params={"customer": failed.customer}).data if one.amount_paid]
    assert [one.amount_paid for one in paid] == [2900]
    told = session.scalars(select(AuditEntry.summary).where(AuditEntry.action == "invoice.charged")).all()
    assert "Charged US$29.00" in told


def test_what_the_button_did_not_name_is_not_charged(
    signed_in: Visitor, viewer: Visitor, failed: Subscribed, sdk: stripe.StripeClient, app: Flask
) -> None:
    clocks.new_card(sdk, failed.customer, "pm_card_visa")
    catch_up(app, sdk, failed)
    address = f"/saas/clients/{failed.client_id}"
    fields = hidden(signed_in.get(address).text)

    for change in ({"amount": "2800"}, {"currency": "eur"}, {"object": "in_other"}, {"amount": "x"}):
        refused = signed_in.submit(f"{address}/payments", {**fields, **change})
        assert refused.status_code == 422
        assert "Look again." in text_of(refused)
    assert 'id="charge-now"' not in viewer.get(address).text
    assert viewer.submit(f"{address}/payments", fields).status_code == 403
    assert not [one for one in sdk.v1.invoices.list(params={"customer": failed.customer}).data if one.amount_paid]


def test_the_client_is_told_and_pays(
    app: Flask, failed: Subscribed, sdk: stripe.StripeClient, session: Session
) -> None:
    visitor = visitor_of(app, failed.client_id)
    words = text_of(visitor.get(BILLING))
    assert "Your first payment of US$29.00 failed" in words
    assert "so your plan has not started." in words
    assert "Payment failed" in words

    clocks.new_card(sdk, failed.customer, "pm_card_visa")
    visitor.get(f"{BILLING}/return")
    page = visitor.get(BILLING)
    assert form_of(page, "pay-now").send(visitor).location == BILLING
    assert "Paid. Everything works again." in text_of(visitor.get(BILLING))
    session.rollback()
    assert session.scalars(select(Entitlement.standing)).one() == "active"


def test_buying_again_leads_to_the_payment_that_is_due(app: Flask, failed: Subscribed, plan_id: int) -> None:
    visitor = visitor_of(app, failed.client_id)
    bought = visitor.submit("/portal/sign-up", {"plan": str(plan_id), "interval": "month", "currency": "usd"})
    assert bought.status_code == 303

    led = visitor.get(bought.location)
    assert led.location == BILLING
    words = text_of(visitor.get(BILLING))
    assert "A payment is due. Pay it first, then change the plan." in words
    assert "Pay US$29.00 now" in words


def test_staff_see_a_debit_under_way_and_cannot_charge_it(
    app: Flask, signed_in: Visitor, plan_id: int, sdk: stripe.StripeClient
) -> None:
    one = subscribed_client(app, sdk, plan_id, card="pm_sepa_debit")

    page = signed_in.get(f"/saas/clients/{one.client_id}")
    assert "A payment of US$29.00 is on its way" in text_of(page)
    assert 'id="charge-now"' not in page.text
    fields = {"object": str(sdk.v1.invoices.list().data[0].id), "amount": "2900", "currency": "usd", "token": "t"}
    refused = signed_in.submit(f"/saas/clients/{one.client_id}/payments", fields)
    assert (refused.status_code, "on its way at the client" in text_of(refused)) == (422, True)


def test_what_was_paid_meanwhile_is_not_said_to_be_charged(
    signed_in: Visitor, failed: Subscribed, sdk: stripe.StripeClient, session: Session
) -> None:
    """The portal has not heard of it."""
    address = f"/saas/clients/{failed.client_id}"
    fields = hidden(signed_in.get(address).text)
    sdk.v1.invoices.pay(fields["object"], params={"paid_out_of_band": True})

    answer = signed_in.submit(f"{address}/payments", fields)

    assert answer.location == address
    assert "Harbor Dental had paid already. Nothing was charged." in text_of(signed_in.get(address))
    session.rollback()
    assert session.scalars(select(AuditEntry.summary).where(AuditEntry.action == "invoice.charged")).all() == []
    assert session.scalars(select(Entitlement.standing)).one() == "active"


def test_what_was_voided_meanwhile_is_not_charged(
    signed_in: Visitor, failed: Subscribed, sdk: stripe.StripeClient, app: Flask
) -> None:
    clocks.new_card(sdk, failed.customer, "pm_card_visa")
    catch_up(app, sdk, failed)
    address = f"/saas/clients/{failed.client_id}"
    fields = hidden(signed_in.get(address).text)
    sdk.v1.invoices.void_invoice(fields["object"])

    answer = signed_in.submit(f"{address}/payments", fields)

    assert (answer.status_code, "Look again." in text_of(answer)) == (422, True)
    assert sdk.v1.charges.list(params={"customer": failed.customer}).data[0].paid is False


@pytest.mark.parametrize("side", ["staff", "client"])
def test_a_draft_whose_amount_changed_meanwhile_is_not_charged(
    app: Flask,
    signed_in: Visitor,
    plan_id: int,
    sdk: stripe.StripeClient,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    side: str,
) -> None:
    """An unpaid subscription's renewal, and a credit that came since."""
    sandbox.control("dunning", account=stripe_account.id, retry_days=[], after="unpaid")
    test_clock = clocks.new_clock(sdk)
    one = subscribed_client(app, sdk, plan_id, test_clock=test_clock)
    clocks.new_card(sdk, one.customer, "pm_card_chargeCustomerFail")
    clocks.advance(sdk, test_clock, clocks.months_after(clocks.START, 2) + 2 * HOUR)
    clocks.new_card(sdk, one.customer, "pm_card_visa")
    catch_up(app, sdk, one, test_clock)
    address, visitor, button = f"/saas/clients/{one.client_id}", signed_in, "charge-now"
    if side == "client":
        address, visitor, button = BILLING, visitor_of(app, one.client_id), "pay-now"
    form = form_of(visitor.get(address), button)
    draft = sdk.v1.invoices.retrieve(form.fields["object"])
    assert draft.status == "draft"
    sdk.v1.customers.update(one.customer, params={"balance": -900})

    answer = form.send(visitor)

    assert answer.status_code == 422
    assert "The amount changed meanwhile: it is US$20.00 now. Look again." in text_of(answer)
    assert [charge.amount for charge in sdk.v1.charges.list(params={"customer": one.customer}).data if charge.paid] == [
        2900
    ]
    clocks.advance(sdk, test_clock, clocks.months_after(clocks.START, 2) + 8 * HOUR)
    assert sdk.v1.invoices.retrieve(str(draft.id)).amount_paid == 0  # nor by Stripe itself
