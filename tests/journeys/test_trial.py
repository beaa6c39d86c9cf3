"""A visitor tries a plan with a card, the trial ends, and the first payment is made; on a fresh portal."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_failing_card import expect_soon
from tests.journeys.test_sign_up import choose, pay
from tests.support.browser import PHONE, Watch, assert_accessible, watched_page
from tests.support.people.newcomer import CHECK, Running, expect_registered, save

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
DAY = 24 * 3600


def make_trial_plan(page: Page, price: str) -> None:
    """An active plan of a price, with fourteen days to try it."""
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Growth")
    page.locator("#price-0").fill(price)
    expect(page.locator("#price-0-card")).to_contain_text("US$29.00 a month", timeout=CHECK)
    page.get_by_label("Trial days").fill("14")
    page.get_by_role("button", name="Save plan").click()
    expect(page.locator("#plan-list")).to_contain_text("Growth", timeout=CHECK)
    page.locator("tr", has_text="Growth").get_by_role("button", name="Actions for Growth").click()
    page.get_by_role("button", name="Activate", exact=True).locator("visible=true").click()
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_a_trial_becomes_a_paid_plan(visit: tuple[Page, Watch], running: Running, browser: Browser) -> None:
    page, _ = visit
    save(page, running.keys["test"])
    expect_registered(page)
    sdk = running.sandbox.client(running.keys["test"])
    price = sdk.v1.prices.create(
        params={
            "product_data": {"name": "Growth"},
            "currency": "usd",
            "unit_amount": 2900,
            "recurring": {"interval": "month"},
        }
    )
    make_trial_plan(page, price.id)

    with watched_page(browser, running.url, width=PHONE) as (visitor, _):
        choose(visitor, "Growth")
        visitor.get_by_label("Business name").fill("Quayside Dental")
        visitor.get_by_label("Email").fill("front@quayside.example")
        visitor.get_by_label("First workspace").fill("Front desk")
        visitor.locator("#sign-up").click()
        pay(visitor, button="Start trial")
        expect(visitor.locator("#stage")).to_contain_text("Your trial of Growth has begun", timeout=CHECK)
        visitor.goto("/portal/billing")
        expect(visitor.get_by_role("main")).to_contain_text("Trial, 13 days left")
        assert_accessible(visitor)
        (subscription,) = sdk.v1.subscriptions.list(params={"status": "all"}).data
        (invoice,) = sdk.v1.invoices.list(params={"subscription": subscription.id}).data
        assert (subscription.status, invoice.amount_paid) == ("trialing", 0)

        account = running.account()
        running.sandbox.control("time", account=account.id, mode="test", seconds=14 * DAY + 2 * 3600)
        expect_soon(visitor, "main", "Active")
        expect(visitor.get_by_role("main")).to_contain_text("US$29.00")
    paid = sdk.v1.subscriptions.retrieve(subscription.id)
    latest = sdk.v1.invoices.retrieve(str(paid.latest_invoice))
    assert (paid.status, latest.status, latest.amount_paid) == ("active", "paid", 2900)

    page.goto("/saas/clients")
    page.get_by_role("link", name="Quayside Dental").click()
    expect(page.locator("#subscription")).to_contain_text("Active")
    expect(page.get_by_role("main")).to_contain_text("Paid")
