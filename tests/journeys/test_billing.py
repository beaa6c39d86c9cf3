"""A client at the billing page: led there by a link, on a phone, to Stripe's customer portal and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models import MailSettings
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.sandbox import clocks
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.catalog.catalog import catalog, connect
from tests.support.catalog.plans import resource_id
from tests.support.pages import Visitor
from tests.support.people.billing import change_client, link_of, use
from tests.support.people.clients import Subscribed, catch_up, new_client, paid_plan, subscribed_client
from tests.support.stripe.one_offs import one_off
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
PAGE = "/portal/billing"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@dataclass(frozen=True)
class Shop:
    """A portal that sells one plan, and how to have clients there."""

    app: Flask
    sdk: stripe.StripeClient
    plan_id: int

    def subscribed(self, **given: Any) -> Subscribed:
        return subscribed_client(self.app, self.sdk, self.plan_id, **given)

    def failing(self, card: str = "pm_card_chargeCustomerFail", test_clock: str = "") -> Subscribed:
        """A client whose first renewal could not be charged to this card."""
        test_clock = test_clock or clocks.new_clock(self.sdk)
        one = self.subscribed(test_clock=test_clock)
        clocks.new_card(self.sdk, one.customer, card)
        clocks.advance(self.sdk, test_clock, clocks.months_after(clocks.START, 1) + 2 * clocks.HOUR)
        catch_up(self.app, self.sdk, one, test_clock)
        return one


@pytest.fixture
def shop(app: Flask, owner: Staff, session: Session, sandbox: Sandbox) -> Shop:
    account = new_account(sandbox)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    connect(app, visitor, account.test_key)
    quotas = {resource_id(session, "contacts"): Limit(5000), resource_id(session, "team_members"): Limit(5)}
    session.rollback()
    stripe_catalog = catalog(sandbox, account)
    plan_id = paid_plan(owner.id, stripe_catalog, app, amount=4900, quotas=quotas, trial_days=14)
    return Shop(app, sandbox.client(account.test_key), plan_id)


def open_billing(page: Page, app: Flask, client_id: int) -> None:
    page.goto(link_of(app, client_id))
    expect(page).to_have_url(f"{page.url.partition('/portal')[0]}{PAGE}")
    expect(page.get_by_role("heading", level=1, name="Billing")).to_be_visible()


def type_card(page: Page, number: str) -> None:
    """In the sandbox's customer portal."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Name on card").fill("Mara Lindqvist")
    page.get_by_role("button", name="Save payment method").click()


def test_staff_hands_over_a_link_and_the_client_changes_the_card_on_a_phone(shop: Shop, open_page: OpenPage) -> None:
    one = shop.subscribed()
    staff, _ = open_page()
    sign_in(staff)
    staff.goto(f"/saas/clients/{one.client_id}/billing-links/new")
    staff.get_by_role("button", name="Make a billing link").click()
    link = staff.locator("#billing-link").input_value()
    phone, watch = open_page(width=PHONE)
    watch.expected = ["status of 401"]
    phone.goto(link)
    expect(phone.locator("#plan")).to_contain_text("Growth")
    expect(phone.locator("#plan")).to_contain_text("US$49.00 a month")
    expect(phone.locator(".inv")).to_contain_text("Paid")
    assert "billing-link" not in phone.url
    phone.get_by_role("link", name="Show exact amount").click()
    expect(phone.locator("#next-payment")).to_contain_text("as things stand now")
    settle(phone)
    assert_accessible(phone)
    phone.get_by_role("button", name="Update payment method").click()
    type_card(phone, "5555555555554444")
    expect(phone.get_by_text("Mastercard ending 4444")).to_be_visible()
    expect(phone.locator("#toasts")).to_contain_text("Your new payment method is used from now on.")
    second = phone.context.new_page()
    second.goto(PAGE)
    expect(second.get_by_text("Mastercard ending 4444")).to_be_visible()
    phone.goto("/saas/clients")
    expect(phone.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    phone.goto(PAGE)
    phone.get_by_role("button", name="Sign out").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("opens with a link")
    staff.reload()
    expect(staff.get_by_role("heading", level=1, name="Sign in")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_failing_card_is_replaced_and_the_invoice_paid(shop: Shop, open_page: OpenPage, scripts: bool) -> None:
    one = shop.failing()
    page, watch = open_page(width=PHONE, scripts=scripts)
    watch.expected = ["status of 422"]
    open_billing(page, shop.app, one.client_id)
    expect(page.locator(".note.is-bad")).to_contain_text("Your payment of US$49.00 failed")
    expect(page.locator(".note.is-bad")).to_contain_text("Your bank declined the Visa ending 0341.")
    page.get_by_role("button", name="Pay US$49.00 now").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was charged.")
    page.get_by_role("button", name="Use another card").click()
    type_card(page, "4242424242424242")
    expect(page.locator(".note.is-warn")).to_contain_text("You saved a new card.")
    page.get_by_role("button", name="Pay US$49.00 with Visa ending 4242").click()
    expect(page.locator("#toasts")).to_contain_text("Paid. Everything works again.")
    expect(page.locator("#plan")).to_contain_text("Active")
    expect(page.locator(".note.is-bad")).to_have_count(0)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_one_off_beside_a_failing_renewal(shop: Shop, open_page: OpenPage, width: int) -> None:
    """Each button pays its own invoice, whichever is older, and an old page pays nothing."""
    test_clock = clocks.new_clock(shop.sdk)
    one = shop.failing(test_clock=test_clock)
    one_off(shop.sdk, one.customer)
    catch_up(shop.app, shop.sdk, one, test_clock)
    page, watch = open_page(width=width)
    watch.expected = ["status of 422"]
    open_billing(page, shop.app, one.client_id)
    expect(page.locator(".note.is-bad")).to_contain_text("Your payment of US$49.00 failed")
    workshop = page.locator(".note", has_text="US$500.00")
    expect(workshop).to_contain_text("is due on 21 February 2030")
    expect(workshop).to_contain_text("For “Onboarding workshop”. It is separate from your plan.")
    assert_no_sideways_scroll(page)
    old = page.context.new_page()
    old.goto(PAGE)

    page.get_by_role("button", name="Use another card").click()
    type_card(page, "4242424242424242")
    expect(page.locator(".note.is-warn")).to_contain_text("US$49.00 is still open")
    assert_accessible(page)
    page.get_by_role("button", name="Pay US$49.00 with Visa ending 4242").click()
    expect(page.locator("#toasts")).to_contain_text("Paid. Everything works again.")
    expect(page.locator("#plan")).to_contain_text("Active")
    expect(workshop).to_be_visible()
    assert charged(shop, one) == [4900, 4900]

    old.get_by_role("button", name="Pay US$49.00 now").click()
    expect(old.locator("#toasts")).to_contain_text("This was paid already. Nothing was charged.")
    assert charged(shop, one) == [4900, 4900]

    clocks.advance(shop.sdk, test_clock, clocks.START + 53 * clocks.DAY)
    catch_up(shop.app, shop.sdk, one, test_clock)
    page.reload()
    expect(workshop).to_contain_text("was due on 21 February 2030")
    page.get_by_role("button", name="Pay US$500.00").click()
    expect(page.locator("#toasts")).to_contain_text("Paid.")
    expect(workshop).to_have_count(0)
    assert charged(shop, one) == [4900, 4900, 50_000]


def charged(shop: Shop, one: Subscribed) -> list[int]:
    """What the client has paid, oldest first."""
    found = shop.sdk.v1.charges.list(params={"customer": one.customer, "limit": 100}).data
    return [charge.amount for charge in found if charge.paid][::-1]


def test_an_old_link_leads_to_a_new_one(shop: Shop, open_page: OpenPage) -> None:
    client_id = new_client(email="desk@harbor.example")
    page, watch = open_page(width=PHONE)
    watch.expected = ["status of 410"]
    page.goto(link_of(shop.app, client_id, hours=0))
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has run out")
    assert_accessible(page)
    with transaction() as session:
        session.add(
            MailSettings(
                host="localhost", port=1, security="none", sender="billing@north.example", updated_at=clock.now()
            )
        )
    page.reload()
    page.get_by_label("Email").fill("desk@harbor.example")
    page.get_by_role("button", name="Mail me a new link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    assert_accessible(page)


def full(shop: Shop) -> int:
    client_id = shop.subscribed().client_id
    use(client_id, contacts=4300, team_members=6)
    return client_id


def suspended(shop: Shop) -> int:
    client_id = shop.subscribed().client_id
    change_client(client_id, suspended_at=clock.now())
    return client_id


def ended(shop: Shop) -> int:
    one = shop.subscribed()
    shop.sdk.v1.subscriptions.cancel(one.subscription)
    catch_up(shop.app, shop.sdk, one)
    return one.client_id


def failing_with_a_new_card(shop: Shop) -> int:
    one = shop.failing()
    clocks.new_card(shop.sdk, one.customer, "pm_card_visa")
    catch_up(shop.app, shop.sdk, one)
    return one.client_id


def failing_to_be_confirmed(shop: Shop) -> int:
    return shop.failing("pm_card_threeDSecure2Required").client_id


def failing_beside_a_one_off(shop: Shop) -> int:
    one = shop.failing()
    one_off(shop.sdk, one.customer)
    catch_up(shop.app, shop.sdk, one)
    return one.client_id


STATES: dict[str, Callable[[Shop], int]] = {
    "paying": full,
    "failing": lambda shop: shop.failing().client_id,
    "failing, with a new card": failing_with_a_new_card,
    "failing, to be confirmed": failing_to_be_confirmed,
    "failing, beside a one-off": failing_beside_a_one_off,
    "trial without a card": lambda shop: shop.subscribed(card="", trial_period_days=14).client_id,
    "leaving": lambda shop: shop.subscribed(cancel_at_period_end=True).client_id,
    "not paid yet": lambda shop: (
        shop.subscribed(card="pm_card_chargeCustomerFail", payment_behavior="allow_incomplete").client_id
    ),
    "suspended": suspended,
    "ended": ended,
    "without a plan": lambda shop: new_client("A business with a long name " * 3),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_used_by_everybody(shop: Shop, open_page: OpenPage, state: str) -> None:
    client_id = STATES[state](shop)
    looks: tuple[tuple[int, Theme], ...] = ((PHONE, "light"), (DESK, "dark"))
    for width, theme in looks:
        page, _ = open_page(width=width, theme=theme)
        open_billing(page, shop.app, client_id)
        assert page.locator("main .btn-primary").count() <= 1
        assert_accessible(page)
        assert_no_sideways_scroll(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.usefixtures("owner")
def test_the_settings_of_mail_can_be_used_by_everybody(open_page: OpenPage, width: int) -> None:
    page, watch = open_page(width=width)
    watch.expected = ["status of 422"]
    sign_in(page)
    page.goto("/settings/mail")
    assert_accessible(page)
    page.get_by_label("Server", exact=True).fill("https://smtp.example.com")
    page.get_by_role("button", name="Save mail server").click()
    expect(page.get_by_label("Server", exact=True)).to_be_focused()
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_the_pages_that_charge_at_once_can_be_used_by_everybody(
    shop: Shop, open_page: OpenPage, width: int, theme: Theme
) -> None:
    page, _ = open_page(width=width, theme=theme)
    open_billing(page, shop.app, shop.subscribed(trial_period_days=14).client_id)
    page.get_by_role("link", name="Start now", exact=True).click()
    expect(page.get_by_role("button", name="Start now and pay US$49.00")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Charged to Visa ending 4242.")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.get_by_role("button", name="Start now and pay US$49.00").click()
    expect(page.locator("#plan")).to_contain_text("Active")
