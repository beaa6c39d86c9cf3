"""Prices in a real browser: the form that creates them, the list to pick from, and a plan whose price drifts."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Watch, assert_accessible, assert_no_sideways_scroll
from tests.support.catalog.catalog import Catalog
from tests.support.people.newcomer import CHECK, Running, expect_registered, save

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

# From the change at Stripe to the words on the plan, in milliseconds.
WITHIN = 5000


@pytest.fixture
def connected(visit: tuple[Page, Watch], running: Running) -> Page:
    page, watch = visit
    watch.expected = ["status of 422"]
    save(page, running.keys["test"])
    expect_registered(page)
    return page


@pytest.fixture
def shop(running: Running) -> Catalog:
    return Catalog(running.sandbox.client(running.keys["test"]))


def test_a_price_is_created_with_a_table_that_grows_and_shrinks(connected: Page, shop: Catalog) -> None:
    page = connected
    page.goto("/saas/prices/new")
    assert_accessible(page)
    expect(page.get_by_label("Tier 1, up to")).to_be_hidden()
    page.get_by_label("Name", exact=True).fill("Contacts")
    page.get_by_label("Tiered · Graduated").check()
    expect(page.get_by_label("Amount", exact=True)).to_be_hidden()

    page.get_by_label("Tier 1, up to").fill("1000")
    page.get_by_label("Tier 1, flat fee").fill("10")
    page.get_by_label("Tier 2, price each").fill("0.005")
    page.get_by_role("button", name="Add a tier").click()
    expect(page.get_by_label("Tier 3, price each")).to_have_value("0.005")
    expect(page.get_by_role("button", name="Add a tier")).to_be_focused()
    page.get_by_label("Tier 2, up to").fill("500")
    page.get_by_role("button", name="Create in Stripe").click()
    expect(page.get_by_text("Each tier ends higher than the one before, so after 1,000.")).to_be_visible()
    assert_accessible(page)
    page.set_viewport_size({"width": PHONE, "height": 844})
    assert_no_sideways_scroll(page)

    page.get_by_role("button", name="Remove tier 2").click()
    expect(page.get_by_label("Tier 3, up to")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Contacts")
    page.get_by_role("button", name="Create in Stripe").dblclick()
    expect(page.locator("#price-list")).to_contain_text("From US$10.00 a month, by number of units", timeout=CHECK)
    assert_no_sideways_scroll(page)
    assert_accessible(page)
    assert len(shop.client.v1.prices.list().data) == 1


def test_a_metered_price_makes_its_meter(connected: Page, shop: Catalog) -> None:
    page = connected
    page.goto("/saas/prices/new")
    expect(page.get_by_label("Event name")).to_be_hidden()
    page.get_by_label("Name", exact=True).fill("Messages")
    page.get_by_label("Afterwards, for what was used (usage-based)").check()
    page.get_by_label("Amount", exact=True).fill("0.03")
    page.get_by_label("Name of the meter").fill("Messages sent")
    page.get_by_label("Event name").fill("messages_sent")
    page.get_by_role("button", name="Create in Stripe").click()

    expect(page.locator("#price-list")).to_contain_text("Meter messages_sent", timeout=CHECK)
    assert [meter.event_name for meter in shop.client.v1.billing.meters.list().data] == ["messages_sent"]


def test_a_plan_says_within_seconds_that_its_price_was_archived_and_repairs_it(connected: Page, shop: Catalog) -> None:
    page = connected
    price = shop.price(lookup_key="growth_monthly")
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Growth")
    page.locator("#price-0").fill("growth_monthly")
    expect(page.locator("#price-0-card")).to_contain_text("US$29.00 a month", timeout=CHECK)
    page.get_by_role("button", name="Save plan").click()
    expect(page.get_by_role("heading", level=1, name="Plans")).to_be_visible(timeout=CHECK)
    page.goto("/saas/plans/1/edit")

    shop.client.v1.prices.update(price, params={"active": False})
    expect_after_reloading(page, "The price was archived in Stripe.")
    assert_accessible(page)
    page.get_by_role("button", name="Unarchive it in Stripe").click()
    expect(page.get_by_text("Repaired.")).to_be_visible(timeout=CHECK)
    expect(page.get_by_text("The price was archived in Stripe.")).to_have_count(0)
    assert shop.client.v1.prices.retrieve(price).active


def expect_after_reloading(page: Page, words: str) -> None:
    """The words stand there within a few seconds of looking again and again."""
    found = page.get_by_text(words)
    for _ in range(WITHIN // 250):
        page.reload()
        if found.count():
            break
        page.wait_for_timeout(250)
    expect(found).to_be_visible()
