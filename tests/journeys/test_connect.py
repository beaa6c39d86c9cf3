"""A newcomer starts portal and sandbox, connects Stripe and sees events arrive: real processes, real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, Watch, assert_accessible, assert_no_sideways_scroll, settle, watched_page
from tests.support.people.newcomer import CHECK, Running, expect_registered, save, set_up
from tests.support.program import wait_until

pytestmark = pytest.mark.browser

REFUSED = "status of 422"
# From the change at Stripe to its line on the page, in milliseconds.
WITHIN = 3000


def mark(page: Page) -> None:
    """Leaves a mark that a reload would wipe out."""
    page.evaluate("window.stillTheSamePage = true")


def expect_no_reload(page: Page) -> None:
    assert page.evaluate("window.stillTheSamePage === true")


def test_a_newcomer_connects_test_and_live_side_by_side(visit: tuple[Page, Watch], running: Running) -> None:
    page, watch = visit
    watch.expected = [REFUSED]
    assert_accessible(page)
    save(page, "pk_test_51abc")
    expect(page.get_by_text("This is a publishable key")).to_be_visible()
    expect(page.locator("#secret_key")).to_be_focused()
    assert_accessible(page)

    mark(page)
    save(page, running.keys["test"])
    expect_registered(page)
    expect_no_reload(page)
    expect(page.locator("#connection")).to_contain_text("Northwind Digital Ltd · Ireland · USD")
    assert running.keys["test"] not in page.content()
    assert_accessible(page)

    page.get_by_role("link", name="Webhook events").click()
    expect(page.get_by_text("No events yet")).to_be_visible()
    mark(page)
    made = running.sandbox.control("samples", account=running.account().id, mode="test", name="subscription")
    row = page.locator("#event-list tr", has_text=made["subscription"]).first
    expect(row).to_contain_text("Subscription created", timeout=WITHIN)
    expect(row).to_contain_text("Applied", timeout=WITHIN)
    expect_no_reload(page)
    assert_accessible(page)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1, name="Subscription created")).to_be_visible()
    expect(page.locator("#event")).to_contain_text("Webhook, signature valid")
    assert_accessible(page)

    page.get_by_role("button", name="Live", exact=True).click()
    page.goto("/saas/payment-processor")
    expect(page.get_by_text("Registered for you when you save.")).to_be_visible()
    save(page, running.keys["live"])
    expect_registered(page)
    expect(page.get_by_role("region", name="Mode")).to_contain_text("Live mode")
    page.goto("/saas/events")
    expect(page.get_by_text("No events yet")).to_be_visible()
    live = running.sandbox.control("samples", account=running.account().id, mode="live", name="subscription")
    expect(page.locator("#event-list")).to_contain_text(live["subscription"], timeout=WITHIN)
    expect(page.locator("#event-list")).not_to_contain_text(made["subscription"])
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("#event-list")).to_contain_text(made["subscription"])


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_the_page_tells_what_went_wrong_and_what_was_mended(visit: tuple[Page, Watch], running: Running) -> None:
    page, _ = visit
    save(page, running.keys["test"])
    expect_registered(page)
    stripe = running.sandbox.client(running.keys["test"])
    endpoint = stripe.v1.webhook_endpoints.list().data[0]
    mark(page)

    stripe.v1.webhook_endpoints.update(endpoint.id, params={"disabled": True})
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#repairs")).to_contain_text("was disabled in Stripe; switched it on again", timeout=CHECK)

    stripe.v1.webhook_endpoints.update(
        endpoint.id, params={"url": f"{running.url}/elsewhere", "enabled_events": ["product.created"]}
    )
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#repairs")).to_contain_text("The webhook address was", timeout=CHECK)
    expect(page.locator("#repairs")).to_contain_text("The event list of the webhook was out of date", timeout=CHECK)

    stripe.v1.webhook_endpoints.delete(endpoint.id)
    cut = stripe.v1.customers.create(params={"name": "Made while nobody listened"})
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#repairs")).to_contain_text("was gone from Stripe; registered it again", timeout=CHECK)
    expect_registered(page)
    assert_accessible(page)

    rolled = running.sandbox.control("keys/roll", key=running.keys["test"])["key"]
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("Stripe no longer accepts your secret key")).to_be_visible(timeout=CHECK)
    expect(page.locator("#secret-key-status")).to_contain_text("Expired")
    expect(page.locator("#webhook-status")).to_contain_text("unknown")
    expect(page.locator("#processor-flag")).to_contain_text("Needs attention")
    assert_accessible(page)
    running.sandbox.client(rolled).v1.customers.update(cut.id, params={"name": "Changed while the key was dead"})
    save(page, rolled)
    expect_registered(page)
    expect_no_reload(page)

    page.goto(f"/saas/events?q={cut.id}")
    expect(page.locator("#event-list")).to_contain_text("Customer created", timeout=CHECK)
    expect(page.locator("#event-list")).to_contain_text("Customer updated", timeout=CHECK)

    page.goto("/saas/payment-processor")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("dialog")).to_contain_text("Disconnect Stripe?")
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(page.locator("#connection")).to_contain_text("was disconnected", timeout=CHECK)
    assert_accessible(page)
    # A worker that was registering the endpoint just then removes it a moment later.
    wait_until(
        lambda: running.sandbox.client(rolled).v1.webhook_endpoints.list().data == [], "our endpoint is gone at Stripe"
    )


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_connecting_takes_only_the_keyboard_and_fits_a_phone(browser: Browser, running: Running) -> None:
    with watched_page(browser, running.url, width=PHONE, theme="dark") as (page, _):
        set_up(page, running.setup_link)
        tab_to(page, "secret_key")
        page.keyboard.type(running.keys["test"])
        page.keyboard.press("Enter")
        expect_registered(page)
        assert_no_sideways_scroll(page)
        assert_accessible(page)
        tab_to(page, "replace-key")
        page.keyboard.press("Enter")
        expect(page.locator("#key-form")).to_be_visible()
        tab_to(page, "keep-key")
        page.keyboard.press("Enter")
        expect_registered(page)
        tab_to(page, "catch-up")
        page.keyboard.press("Enter")
        settle(page)
        expect(page.locator("#catch-up-status")).to_contain_text("Complete up to", timeout=CHECK)
        tab_to(page, "disconnect")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).not_to_be_visible()
        page.goto("/saas/events")
        assert_no_sideways_scroll(page)
        assert_accessible(page)


def tab_to(page: Page, element_id: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == element_id:
            return
    raise AssertionError(f"Tab does not lead to #{element_id}")
