"""A card fails at a renewal, the ladder is walked on a test clock, and the client fixes the card; on a fresh portal."""

import re
from dataclasses import dataclass

import pytest
import stripe
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_adoption import make_plan
from tests.journeys.test_billing import type_card
from tests.sandbox import clocks
from tests.sandbox.clocks import DAY, HOUR, START
from tests.support.browser import PHONE, Watch, assert_accessible, assert_no_sideways_scroll, watched_page
from tests.support.people.newcomer import CHECK, Running, expect_registered, save

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
FAILED = clocks.months_after(START, 1) + 2 * HOUR


@dataclass(frozen=True)
class OnClock:
    """Somebody who subscribed at Stripe and lives by a test clock."""

    sdk: stripe.StripeClient
    clock: str
    customer: str


def subscribe(sdk: stripe.StripeClient, price: str) -> OnClock:
    clock = clocks.new_clock(sdk)
    customer = sdk.v1.customers.create(
        params={
            "name": "Harbor Dental",
            "email": "office@harbor.example",
            "test_clock": clock,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    ).id
    sdk.v1.subscriptions.create(params={"customer": customer, "items": [{"price": price}]})
    return OnClock(sdk, clock, customer)


def new_price(sdk: stripe.StripeClient) -> str:
    return sdk.v1.prices.create(
        params={
            "product_data": {"name": "Growth"},
            "currency": "usd",
            "unit_amount": 4900,
            "recurring": {"interval": "month"},
        }
    ).id


def expect_soon(page: Page, place: str, words: str) -> None:
    """The page tells it once the events of it have been read."""
    for _ in range(40):
        if words in page.locator(place).inner_text():
            return
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator(place)).to_contain_text(words)


def test_the_ladder_is_walked_and_paying_restores(
    visit: tuple[Page, Watch], running: Running, browser: Browser
) -> None:
    page, _ = visit
    sdk = running.sandbox.client(running.keys["test"])
    running.sandbox.control("dunning", retry_days=[3, 5, 7], after="past_due")
    price = new_price(sdk)
    save(page, running.keys["test"])
    expect_registered(page)
    make_plan(page, price)
    harbor = subscribe(sdk, price)
    page.goto("/saas/clients/adoption")
    expect_soon(page, "#adoption", "Harbor Dental")
    page.get_by_role("button", name="Make a client").click()
    expect(page.locator("#toasts")).to_contain_text("Harbor Dental is a client now.")
    page.goto("/settings/failed-payments")
    page.get_by_label("Limit after").fill("6")
    page.get_by_role("button", name="Save steps").click()
    expect(page.locator("#ladder")).to_contain_text("Day 3 to 6: warned")
    page.goto("/saas/clients")
    page.get_by_role("link", name="Harbor Dental").click()
    expect(page.locator("#subscription")).to_contain_text("Active")

    clocks.new_card(sdk, harbor.customer, "pm_card_chargeCustomerFail")
    clocks.advance(sdk, harbor.clock, FAILED)
    expect_soon(page, "#subscription", "Its payment fails since 1 February 2030")
    expect_soon(page, "#subscription", "Everything keeps working until 7 February 2030")
    assert_accessible(page)

    with watched_page(browser, running.url, width=PHONE) as (phone, _):
        phone.goto(billing_link(page))
        expect(phone.locator("main")).to_contain_text("Everything keeps working")
        for days, told, date in (
            (3, "Warned; everything keeps working", "7 February 2030"),
            (6, "Nothing new can be made", "15 February 2030"),
            (14, "Suspended until the payment is made", None),
        ):
            clocks.advance(sdk, harbor.clock, FAILED + days * DAY)
            expect_soon(page, "#subscription", told)
            if date is not None:
                expect_soon(page, "#subscription", date)
            phone.reload()
            assert_no_sideways_scroll(phone)
            assert_accessible(phone)

        phone.get_by_role("button", name=re.compile("Use another card|Update payment method")).first.click()
        type_card(phone, "4242424242424242")
        phone.get_by_role("button", name="Pay US$49.00 with Visa ending 4242").click()
        expect(phone.locator("#toasts")).to_contain_text("Paid. Everything works again.", timeout=CHECK)
        expect(phone.locator("#plan")).to_contain_text("Active")

    expect_soon(page, "#happenings", "The payment went through: everything works as before")
    expect(page.locator("#subscription")).to_contain_text("Active")
    expect(page.locator("#subscription")).not_to_contain_text("payment fails")
    assert_accessible(page)


def billing_link(page: Page) -> str:
    """A link that staff makes for the client whose page is open; the page is open again afterwards."""
    home = page.url
    page.locator("#subscription").get_by_role("link", name="Copy billing link").click()
    page.get_by_role("button", name="Make a billing link").click()
    address = page.get_by_label("Link for Harbor Dental").input_value()
    page.goto(home)
    return address
