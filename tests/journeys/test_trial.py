"""A visitor tries a plan with a card, the trial ends, and the first payment is made or fails; on a fresh portal."""

import re

import pytest
import stripe
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_billing import type_card
from tests.journeys.test_failing_card import expect_soon
from tests.journeys.test_sign_up import choose, pay
from tests.support.browser import (
    DESK,
    PHONE,
    Watch,
    assert_accessible,
    assert_no_sideways_scroll,
    watched_page,
)
from tests.support.people.newcomer import CHECK, Running, expect_registered, save

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
DAY = 24 * 3600
CARD, FAILS = "4242424242424242", "4000000000000341"


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


def new_price(sdk: stripe.StripeClient) -> str:
    return sdk.v1.prices.create(
        params={
            "product_data": {"name": "Growth"},
            "currency": "usd",
            "unit_amount": 2900,
            "recurring": {"interval": "month"},
        }
    ).id


def begin_trial(visitor: Page, card: str) -> None:
    choose(visitor, "Growth")
    visitor.get_by_label("Business name").fill("Quayside Dental")
    visitor.get_by_label("Email").fill("front@quayside.example")
    visitor.get_by_label("First workspace").fill("Front desk")
    visitor.locator("#sign-up").click()
    pay(visitor, card, button="Start trial")
    expect(visitor.locator("#stage")).to_contain_text("Your trial of Growth has begun", timeout=CHECK)


def test_a_trial_becomes_a_paid_plan(visit: tuple[Page, Watch], running: Running, browser: Browser) -> None:
    page, _ = visit
    save(page, running.keys["test"])
    expect_registered(page)
    sdk = running.sandbox.client(running.keys["test"])
    make_trial_plan(page, new_price(sdk))

    with watched_page(browser, running.url, width=PHONE) as (visitor, _):
        begin_trial(visitor, CARD)
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


def check(page: Page) -> None:
    assert_no_sideways_scroll(page)
    assert_accessible(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_first_charge_that_fails_is_told_and_paid(
    visit: tuple[Page, Watch], running: Running, browser: Browser, width: int
) -> None:
    page, _ = visit
    save(page, running.keys["test"])
    expect_registered(page)
    sdk = running.sandbox.client(running.keys["test"])
    make_trial_plan(page, new_price(sdk))
    page.set_viewport_size({"width": width, "height": 844})

    with watched_page(browser, running.url, width=width) as (visitor, _):
        begin_trial(visitor, FAILS)
        (subscription,) = sdk.v1.subscriptions.list().data
        account = running.account()
        running.sandbox.control("time", account=account.id, mode="test", seconds=14 * DAY + 2 * 3600)
        visitor.goto("/portal/billing")
        expect_soon(visitor, "main", "Your first payment of US$29.00 failed")
        expect(visitor.locator("#plan")).to_contain_text("Payment failed")
        check(visitor)

        choose_again(visitor)
        expect(visitor.locator("#toasts")).to_contain_text("A payment is due. Pay it first, then change the plan.")

        page.goto("/saas/clients")
        page.get_by_role("link", name="Quayside Dental").click()
        expect(page.locator("#subscription")).to_contain_text("Its first payment failed, so the plan has not started.")
        expect(page.get_by_role("button", name="Charge US$29.00 now")).to_be_visible()
        check(page)

        visitor.get_by_role("button", name="Use another card").click()
        type_card(visitor, CARD)
        visitor.get_by_role("button", name=re.compile(r"Pay US\$29\.00")).click()
        expect(visitor.locator("#toasts")).to_contain_text("Paid. Everything works again.", timeout=CHECK)
        expect(visitor.locator("#plan")).to_contain_text("Active")
        expect(visitor.locator("#plan")).to_contain_text("Growth")
        check(visitor)

    expect_soon(page, "#subscription", "Active")
    expect(page.locator("#charge-now")).to_have_count(0)
    paid = [one.amount_paid for one in sdk.v1.invoices.list(params={"subscription": subscription.id}).data]
    assert sdk.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert sorted(paid) == [0, 2900]


def choose_again(visitor: Page) -> None:
    """Buy the plan once more, as a client who thinks that nothing was bought."""
    visitor.goto("/portal/pricing")
    visitor.get_by_role("link", name="Choose Growth").locator("visible=true").click()
    visitor.locator("#sign-up").click()
    expect(visitor).to_have_url(re.compile("/portal/billing$"))
