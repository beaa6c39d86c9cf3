"""From the prices to a paid plan in a real browser: each way to pay, each way to fail, each way back."""

from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from billingportal.config import Settings
from billingportal.db import db
from billingportal.models import Checkout, Entitlement
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import (
    DESK,
    PHONE,
    Theme,
    Watch,
    assert_accessible,
    assert_no_sideways_scroll,
    watched_page,
)
from tests.support.catalog.catalog import connect
from tests.support.catalog.plans import new_plan
from tests.support.catalog.showcase import add_branding
from tests.support.pages import Visitor
from tests.support.people.checkouts import ASKS, CARD, DECLINED, Till, furnish, tell
from tests.support.people.newcomer import CHECK, Running, expect_registered, save
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
PRICES = "/portal/pricing"


@dataclass(frozen=True)
class Shop:
    """A portal that sells, in the test's own process."""

    app: Flask
    till: Till
    plans: dict[str, int]

    def last(self) -> Checkout:
        with self.app.app_context():
            found = db.session().scalars(select(Checkout).order_by(Checkout.id.desc()).limit(1)).one()
            db.session.remove()
            return found

    def standings(self) -> list[str]:
        with self.app.app_context():
            found = list(db.session().scalars(select(Entitlement.standing).order_by(Entitlement.id)))
            db.session.remove()
            return [str(one) for one in found]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def shop(app: Flask, owner: Staff, sandbox: Sandbox) -> Shop:
    account = new_account(sandbox)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    connect(app, visitor, account.test_key)
    till = Till(sandbox, account)
    with app.app_context():
        plans = {**furnish(app, till, owner.id), "Free": new_plan(owner.id, "Free", is_active=True)}
        add_branding(terms_url="https://harbor.example/terms", contact_url="mailto:sales@harbor.example")
        db.session.remove()
    return Shop(app, till, plans)


def choose(page: Page, plan: str) -> None:
    page.goto(PRICES)
    page.get_by_role("link", name=f"Choose {plan}").locator("visible=true").click()
    expect(page.get_by_role("heading", level=1, name="Sign up")).to_be_visible()


def fill_in(page: Page, email: str = "front@quayside.example") -> None:
    page.get_by_label("Business name").fill("Quayside Dental")
    page.get_by_label("Email").fill(email)
    page.get_by_label("First workspace").fill("Front desk")
    page.get_by_label("I accept the terms").check()
    page.locator("#sign-up").click()


def pay(page: Page, number: str = CARD, button: str = "Pay and subscribe") -> None:
    """On the sandbox's checkout page."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Name on card").fill("Mara Lindqvist")
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize(("width", "scripts"), [(PHONE, True), (DESK, False)])
def test_a_visitor_becomes_a_paying_client(shop: Shop, open_page: OpenPage, width: int, scripts: bool) -> None:
    """Stripe leads back before any of its events has come."""
    page, _ = open_page(width=width, scripts=scripts)
    choose(page, "Growth")
    expect(page.get_by_text("Due today: US$29.00 before tax.").or_(page.locator("#due"))).to_be_visible()
    if scripts:
        assert_accessible(page)
    assert_no_sideways_scroll(page)
    fill_in(page)
    pay(page)
    expect(page.get_by_role("heading", level=1, name="You are all set")).to_be_visible()
    expect(page.locator("#stage")).to_contain_text("Growth is active")
    assert shop.standings() == ["active"]
    if scripts:
        assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.get_by_role("link", name="Open your billing page").click()
    expect(page.get_by_role("heading", level=1, name="Billing")).to_be_visible()
    tell(shop.app)
    assert shop.standings() == ["active"]


def test_the_events_may_come_first(shop: Shop, open_page: OpenPage) -> None:
    page, _ = open_page()
    choose(page, "Growth")
    fill_in(page)
    page.wait_for_url("**/c/cs_test_*")
    checkout = shop.last()
    shop.till.pay(checkout.stripe_checkout_session_id)
    tell(shop.app)
    assert shop.standings() == ["active"]
    page.goto(f"/portal/checkout/{checkout.token}?session_id={checkout.stripe_checkout_session_id}")
    expect(page.locator("#stage")).to_contain_text("Growth is active")


def test_a_free_plan_is_ready_at_once(shop: Shop, open_page: OpenPage) -> None:
    page, watch = open_page(width=PHONE)
    watch.expected = ["status of 422"]
    choose(page, "Free")
    page.get_by_label("Business name").fill("Quayside Dental")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("Accept the terms to go on.")).to_be_visible()
    expect(page.get_by_label("Business name")).to_have_value("Quayside Dental")
    assert_accessible(page)
    fill_in(page)
    expect(page.get_by_role("heading", level=1, name="You are all set")).to_be_visible()
    assert_accessible(page)
    assert shop.standings() == ["free"]


def test_a_declined_card_leaves_nothing_and_another_pays(shop: Shop, open_page: OpenPage) -> None:
    page, watch = open_page()
    watch.expected = ["status of 422"]
    choose(page, "Growth")
    fill_in(page)
    pay(page, DECLINED)
    expect(page.get_by_text("Your card was declined.")).to_be_visible()
    assert shop.till.subscriptions() == []
    assert shop.standings() == ["waiting"]
    page.goto(f"/portal/checkout/{shop.last().token}")
    expect(page.get_by_role("heading", level=1, name="Your payment is not finished")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Go to payment").click()
    pay(page)
    expect(page.locator("#stage")).to_contain_text("Growth is active")


def test_the_bank_asks_and_the_answer_counts(shop: Shop, open_page: OpenPage) -> None:
    page, watch = open_page()
    watch.expected = ["status of 422"]
    choose(page, "Growth")
    fill_in(page)
    pay(page, ASKS)
    page.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_text("We are unable to authenticate your payment method.")).to_be_visible()
    assert shop.standings() == ["waiting"]
    pay(page, ASKS)
    page.get_by_role("button", name="Complete authentication").click()
    expect(page.locator("#stage")).to_contain_text("Growth is active")
    assert shop.standings() == ["active"]


def test_a_bank_that_takes_days_is_waited_for(shop: Shop, open_page: OpenPage) -> None:
    page, _ = open_page()
    choose(page, "Growth")
    fill_in(page)
    page.get_by_label("SEPA Direct Debit").check()
    page.get_by_role("button", name="Pay and subscribe").click()
    expect(page.get_by_role("heading", level=1, name="Your bank is working on it")).to_be_visible()
    assert shop.standings() == ["waiting"]
    assert_accessible(page)
    shop.till.settle("succeeded")
    tell(shop.app)
    expect(page.get_by_role("heading", level=1, name="You are all set")).to_be_visible()
    assert shop.standings() == ["active"]


def test_a_trial_without_a_card(shop: Shop, open_page: OpenPage) -> None:
    page, _ = open_page(width=PHONE)
    choose(page, "Trial")
    expect(page.get_by_text("14 days free for new clients, no card needed. Then US$9.00 a month.")).to_be_visible()
    fill_in(page)
    page.get_by_role("button", name="Start trial").click()
    expect(page.locator("#stage")).to_contain_text("Your trial of Trial has begun and runs until")
    assert shop.standings() == ["trialing"]


def test_whoever_goes_back_keeps_the_choice_and_an_expired_order_starts_again(shop: Shop, open_page: OpenPage) -> None:
    page, _ = open_page()
    choose(page, "Growth")
    fill_in(page)
    page.get_by_role("link", name="Back").click()
    expect(page.locator(".is-chosen")).to_contain_text("Growth")
    checkout = shop.last()
    shop.till.expire(checkout.stripe_checkout_session_id)
    page.goto(f"/portal/checkout/{checkout.token}")
    expect(page.get_by_role("heading", level=1, name="This order has expired")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Start again").click()
    fill_in(page)
    pay(page)
    expect(page.locator("#stage")).to_contain_text("Growth is active")
    assert len(shop.till.subscriptions()) == 1


def test_a_known_address_is_told_so(shop: Shop, open_page: OpenPage) -> None:
    first, _ = open_page()
    choose(first, "Free")
    fill_in(first)
    page, watch = open_page()
    watch.expected.append("422")
    choose(page, "Free")
    fill_in(page)
    expect(page.get_by_role("heading", level=1, name="This address has an account")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_settings_of_checkout_can_be_read_and_saved(shop: Shop, open_page: OpenPage, width: int, theme: Theme) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto("/settings/checkout")
    expect(page.locator("#tax-status")).to_contain_text("Stripe")
    page.get_by_label("Promotion codes").check()
    page.get_by_role("button", name="Save checkout").click()
    expect(page.locator("#toasts")).to_contain_text("Checkout saved.")
    expect(page.get_by_label("Promotion codes")).to_be_checked()
    assert_accessible(page)
    assert_no_sideways_scroll(page)


def test_on_a_fresh_portal_a_visitor_becomes_a_paying_client(
    visit: tuple[Page, Watch], running: Running, browser: Browser
) -> None:
    """The whole program with its worker, from the secret key to the first paid invoice."""
    page, watch = visit
    watch.expected = ["status of 422"]
    save(page, running.keys["test"])
    expect_registered(page)
    stripe = running.sandbox.client(running.keys["test"])
    product = stripe.v1.products.create(params={"name": "Growth"})
    stripe.v1.prices.create(
        params={
            "product": product.id,
            "currency": "usd",
            "unit_amount": 2900,
            "recurring": {"interval": "month"},
            "lookup_key": "growth",
        }
    )
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Growth")
    page.locator("#price-0").fill("growth")
    expect(page.locator("#price-0-card")).to_contain_text("US$29.00 a month", timeout=CHECK)
    page.get_by_role("button", name="Save plan").click()
    expect(page.locator("#plan-list")).to_contain_text("Growth", timeout=CHECK)
    page.locator("tr", has_text="Growth").get_by_role("button", name="Actions for Growth").click()
    page.get_by_role("button", name="Activate", exact=True).locator("visible=true").click()
    expect(page.locator(".htmx-request")).to_have_count(0)
    with watched_page(browser, running.url, width=PHONE) as (visitor, _):
        choose(visitor, "Growth")
        visitor.get_by_label("Business name").fill("Quayside Dental")
        visitor.get_by_label("Email").fill("front@quayside.example")
        visitor.get_by_label("First workspace").fill("Front desk")
        visitor.get_by_role("button", name="Continue to payment").click()
        pay(visitor)
        expect(visitor.get_by_role("heading", level=1, name="You are all set")).to_be_visible(timeout=CHECK)
    page.goto("/saas/clients")
    expect(page.get_by_role("main")).to_contain_text("Quayside Dental")
    expect(page.get_by_role("main")).to_contain_text("Active")
