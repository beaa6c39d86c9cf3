"""From an empty portal to a pricing page that sells: prices created in Stripe, linked, featured, read by a visitor."""

from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESK, PHONE, Watch, assert_accessible, assert_no_sideways_scroll, watched_page
from tests.support.people.newcomer import CHECK, Running, expect_registered, save

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def test_a_plan_is_made_from_nothing_and_sold(visit: tuple[Page, Watch], running: Running, browser: Browser) -> None:
    page, watch = visit
    watch.expected = ["status of 422"]
    save(page, running.keys["test"])
    expect_registered(page)

    # By number of contacts, in volume tiers, created from the plan's own form.
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Scale")
    page.locator("#price-0-use").select_option(label="Contacts, bought by number")
    page.locator("#price-0-plus").click()
    form = page.locator("#new-price")
    form.get_by_label("Name", exact=True).fill("Contacts")
    form.get_by_label("Tiered · Volume: one tier prices all").check()
    form.get_by_role("button", name="Add a tier").click()
    expect(form.get_by_label("Tier 3, price each")).to_be_visible()
    expect(form.get_by_label("Name", exact=True)).to_have_value("Contacts")
    form.get_by_label("Tier 1, up to").fill("1000")
    form.get_by_label("Tier 1, flat fee").fill("10.00")
    form.get_by_label("Tier 2, up to").fill("5000")
    form.get_by_label("Tier 2, price each").fill("0.008")
    form.get_by_label("Tier 3, price each").fill("0.006")
    form.get_by_label("Lookup key (optional)").fill("contacts_monthly")
    form.get_by_role("button", name="Create in Stripe").click()
    expect(page.locator("#new-price")).to_contain_text("It is in the price field now.", timeout=CHECK)
    page.locator("#price-tools").get_by_role("button", name="Close").click()
    expect(page.locator("#price-0-card")).to_contain_text("Tiered · Volume", timeout=CHECK)
    page.get_by_role("button", name="Save plan").click()
    expect(page.locator("#plan-list")).to_contain_text("Scale", timeout=CHECK)
    assert_accessible(page)

    # A yearly flat one by lookup key, a metered one from the picker, both made at Stripe meanwhile.
    made = at_stripe(running)
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Growth")
    page.locator("#price-0").fill("growth_yearly")
    expect(page.locator("#price-0-card")).to_contain_text("US$290.00 a year", timeout=CHECK)
    page.get_by_role("button", name="Add price link").click()
    page.locator("#price-1-use").select_option(label="Contacts, billed by use")
    page.locator("#price-1-list-search").click()
    page.get_by_label("Search prices").fill("Replies")
    page.locator(f"#use-{made}").click()
    expect(page.locator("#price-1")).to_have_value(made)
    expect(page.locator("#price-1-card")).to_contain_text("Usage-based", timeout=CHECK)
    page.get_by_role("button", name="Save plan").click()
    expect(page.locator("#plan-list")).to_contain_text("Growth", timeout=CHECK)

    for name in ("Scale", "Growth"):
        act(page, name, "Activate")
    act(page, "Growth", "Set as featured")
    expect(page.locator("tr", has_text="Growth")).to_contain_text("Featured")
    assert_accessible(page)

    for width in (PHONE, DESK):
        with watched_page(browser, running.url, width=width) as (visitor, _):
            visitor.goto("/portal/pricing?interval=year")
            card = visitor.locator("section", has=visitor.get_by_role("heading", name="Growth"))
            expect(card).to_contain_text("US$290.00")
            expect(card).to_contain_text("Most Popular")
            expect(card).to_contain_text("US$0.004")
            visitor.goto("/portal/pricing?interval=month")
            tiers = visitor.locator("section", has=visitor.get_by_role("heading", name="Scale"))
            expect(tiers).to_contain_text("US$10.00")
            expect(tiers).to_contain_text("US$0.008")
            assert_accessible(visitor)
            assert_no_sideways_scroll(visitor)

    # Drift: what is archived at Stripe is told within seconds.
    stripe = running.sandbox.client(running.keys["test"])
    yearly = stripe.v1.prices.list(params={"lookup_keys": ["growth_yearly"]}).data[0]
    stripe.v1.prices.update(yearly.id, params={"active": False})
    page.goto("/saas/plans")
    row = page.locator("tr", has_text="Growth")
    for _ in range(10):
        if "archived" in row.inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(row).to_contain_text("archived")


def at_stripe(running: Running) -> str:
    """A yearly price with a lookup key and a metered one, made at Stripe; the id of the metered one."""
    stripe = running.sandbox.client(running.keys["test"])
    product = stripe.v1.products.create(params={"name": "Growth"})
    stripe.v1.prices.create(
        params={
            "product": product.id,
            "currency": "usd",
            "unit_amount": 29000,
            "recurring": {"interval": "year"},
            "lookup_key": "growth_yearly",
        }
    )
    meter = stripe.v1.billing.meters.create(
        params={"display_name": "Replies", "event_name": "replies", "default_aggregation": {"formula": "sum"}}
    )
    replies = stripe.v1.products.create(params={"name": "Replies"})
    metered = stripe.v1.prices.create(
        params={
            "product": replies.id,
            "currency": "usd",
            "unit_amount_decimal": Decimal("0.4"),
            "recurring": {"interval": "year", "usage_type": "metered", "meter": meter.id},
        }
    )
    return metered.id


def act(page: Page, plan: str, action: str) -> None:
    """Choose an action from the three-dot menu of a plan."""
    page.locator("tr", has_text=plan).get_by_role("button", name=f"Actions for {plan}").click()
    page.get_by_role("button", name=action, exact=True).locator("visible=true").click()
    expect(page.locator(".htmx-request")).to_have_count(0)
