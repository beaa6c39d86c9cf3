"""Plans that change, in a real browser: up with the amount that was shown, down at the end of the period, from the
month to the year, and cancelled and resumed."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_card, new_clock
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor
from tests.support.people.billing import link_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def store(app: Flask, owner: Staff, sandbox: Sandbox) -> Store:
    account = new_account(sandbox)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    connect(app, visitor, account.test_key)
    return open_store(app, sandbox.client(account.test_key), owner.id)


def come(page: Page, app: Flask, client_id: int) -> None:
    """Open the billing page by a link."""
    page.goto(link_of(app, client_id))
    expect(page.get_by_role("heading", name="Billing", level=1)).to_be_visible()


def choose(page: Page, plan: str) -> None:
    page.goto("/portal/billing/plan")
    page.get_by_role("radio", name=plan).check()
    with page.expect_navigation():
        page.get_by_role("button", name="See what it costs").click()


def test_the_client_upgrades_and_pays_what_was_shown(open_page: OpenPage, app: Flask, store: Store) -> None:
    client = store.subscribe(store.starter)
    page, _ = open_page(width=PHONE)
    come(page, app, client.client_id)

    choose(page, "Growth")
    assert_no_sideways_scroll(page)
    assert_accessible(page)
    button = page.get_by_role("button", name="Change and pay US$")
    due = button.inner_text().rpartition(" ")[2]
    button.click()

    expect(page.get_by_text("It is Growth now")).to_be_visible()
    assert_accessible(page)
    invoice = store.invoices(client)[0]
    assert due == f"US${invoice.amount_paid // 100}.{invoice.amount_paid % 100:02}"
    assert invoice.status == "paid"
    page.get_by_role("link", name="Back to Billing").click()
    expect(page.get_by_role("heading", name="Growth")).to_be_visible()


def test_a_downgrade_waits_for_the_end_of_the_period(open_page: OpenPage, app: Flask, store: Store) -> None:
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, test_clock=test_clock)
    page, _ = open_page()
    come(page, app, client.client_id)

    choose(page, "Starter")
    page.get_by_role("button", name="Change on ").click()
    expect(page.get_by_text("It will be Starter on")).to_be_visible()
    page.goto("/portal/billing")
    expect(page.get_by_role("heading", name="Growth")).to_be_visible()

    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 31 * DAY + 2 * HOUR)
    store.refresh(client, test_clock)
    page.reload()
    expect(page.get_by_role("heading", name="Starter")).to_be_visible()


def test_from_the_month_to_the_year_without_scripts(open_page: OpenPage, app: Flask, store: Store) -> None:
    client = store.subscribe(store.growth)
    page, _ = open_page(scripts=False)
    come(page, app, client.client_id)

    page.goto("/portal/billing/plan")
    page.get_by_role("combobox", name="How it is paid").select_option("year")
    page.get_by_role("button", name="See what it costs").click()
    expect(page.get_by_text("US$490.00 a year")).to_be_visible()
    page.get_by_role("button", name="Change and pay US$").click()

    expect(page.get_by_text("It is Growth now")).to_be_visible()
    (item,) = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data
    assert item.price.recurring.interval == "year"


def test_staff_cancel_and_resume(open_page: OpenPage, store: Store) -> None:
    client = store.subscribe(store.starter)
    page, _ = open_page()
    sign_in(page)

    page.goto(f"/saas/clients/{client.client_id}/cancellation")
    assert_accessible(page)
    page.get_by_role("combobox", name="Why?").select_option("too_expensive")
    page.get_by_role("button", name="Cancel the subscription").click()
    expect(page.get_by_text("The subscription ends on")).to_be_visible()
    assert store.sdk.v1.subscriptions.retrieve(client.subscription).cancel_at_period_end

    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_text("The subscription goes on.")).to_be_visible()
    assert not store.sdk.v1.subscriptions.retrieve(client.subscription).cancel_at_period_end


def test_a_decline_on_a_phone_says_what_to_do(open_page: OpenPage, app: Flask, store: Store) -> None:
    client = store.subscribe(store.starter)
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    page, _ = open_page(width=PHONE, theme="dark")
    come(page, app, client.client_id)

    choose(page, "Growth")
    page.get_by_role("button", name="Change and pay US$").click()

    expect(page.get_by_text("Your card was declined")).to_be_visible()
    expect(page.get_by_role("link", name="Try again")).to_be_visible()
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_every_page_fits(open_page: OpenPage, app: Flask, store: Store, width: int, theme: Theme) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 1200})
    page, _ = open_page(width=width, theme=theme)
    come(page, app, client.client_id)

    for address in (
        "/portal/billing/plan",
        f"/portal/billing/plan/preview?plan={store.growth}",
        f"/portal/billing/plan/preview?plan={store.scale}&quantity.{store.scale}.contacts=3000",
        "/portal/billing/cancellation",
    ):
        page.goto(address)
        assert_accessible(page)
        assert_no_sideways_scroll(page)


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (DESK, "light")])
def test_a_downgrade_with_a_coupon_until_its_first_invoice(
    open_page: OpenPage, app: Flask, store: Store, width: int, theme: Theme
) -> None:
    """The amount that was confirmed is the amount of the first invoice, with the coupon; the next one is without."""
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, test_clock=test_clock)
    coupon = store.sdk.v1.coupons.create({"percent_off": 50, "duration": "once"}).id
    store.sdk.v1.subscriptions.update(client.subscription, {"discounts": [{"coupon": coupon}]})
    store.refresh(client, test_clock)
    page, _ = open_page(width=width, theme=theme)
    come(page, app, client.client_id)
    expect(page.locator("#next-payment")).to_contain_text("The exact amount is not known yet.")

    choose(page, "Starter")
    expect(page.locator("#first")).to_have_text("US$9.50")
    expect(page.locator("#renewal")).to_contain_text("US$19.00 a month")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.get_by_role("button", name="Change on ").click()
    expect(page.get_by_text("It will be Starter on")).to_be_visible()

    page.goto("/portal/billing")
    following = page.locator("#next-payment")
    expect(following).to_contain_text("US$19.00, before discounts and tax")
    expect(following).to_contain_text("when you move to Starter")
    page.get_by_role("link", name="Show exact amount").click()
    expect(following).to_contain_text("US$9.50")
    assert_accessible(page)
    assert_no_sideways_scroll(page)

    for total in (950, 1900):
        advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + 31 * DAY + 2 * HOUR)
        store.refresh(client, test_clock)
        invoice = store.invoices(client)[0]
        assert (invoice.total, invoice.status) == (total, "paid")
    page.reload()
    expect(page.get_by_role("heading", name="Starter")).to_be_visible()
    expect(following).to_contain_text("US$19.00")
    expect(page.get_by_text("US$9.50", exact=True)).to_be_visible()
