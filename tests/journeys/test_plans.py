"""Plans in a real browser: from a template over prices of three kinds to an active, featured plan."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import heading, sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.pages import Visitor
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

# What is seen does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def shop(app: Flask, sandbox: Sandbox, signed_in: Visitor) -> Catalog:
    """A connected account with a monthly and a yearly price and one for contacts in tiers."""
    account = new_account(sandbox)
    found = catalog(sandbox, account)
    growth = found.product("Growth")
    found.price(product=growth, lookup_key="growth_monthly")
    found.price(product=growth, recurring={"interval": "year"}, unit_amount=29000, lookup_key="growth_yearly")
    tiers = [{"up_to": 1000, "unit_amount": 2}, {"up_to": "inf", "unit_amount": 1}]
    found.tiered("volume", tiers, product=found.product("Contacts"), lookup_key="contacts_by_number")
    connect(app, signed_in, account.test_key)
    return found


def new_plan(page: Page) -> None:
    """A plan with a monthly and a yearly price, the one typed, the other picked."""
    page.goto("/saas/plans")
    page.get_by_role("link", name="Flat, monthly and yearly").click()
    page.locator("#price-0").fill("growth_monthly")
    expect(page.locator("#price-0-card")).to_contain_text("US$29.00 a month")
    page.get_by_role("button", name="Pick from the list for price 2").click()
    page.get_by_label("Search prices").fill("yearly")
    page.get_by_role("button", name=re.compile(r"Use this price ?: Growth, US\$290")).click()
    expect(page.locator("#price-1-card")).to_contain_text("US$290.00 a year")


@pytest.mark.usefixtures("shop")
def test_a_plan_is_made_from_a_template_proved_and_sold(open_page: OpenPage, owner: Staff) -> None:
    page, _ = open_page()
    sign_in(page)
    new_plan(page)
    expect(page.locator("#price-tools")).to_be_hidden()
    page.get_by_role("button", name="Add price link").click()
    settle(page)
    page.locator("#price-2-use").select_option(label="Contacts, bought by number")
    page.locator("#price-2").fill("contacts_by_number")
    expect(page.locator("#price-2-card")).to_contain_text("Volume")
    page.get_by_label("Contacts", exact=True).last.fill("1500")
    expect(page.locator("#quote")).to_contain_text("All 1,500 contacts at US$0.01")
    expect(page.locator("#quote")).to_contain_text("US$44.00")
    page.get_by_role("button", name="Prove it").click()
    expect(page.locator("#proof")).to_contain_text("Equal: Stripe would invoice US$44.00")
    assert_accessible(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Save plan").click()
    heading(page, "Plans")
    row = page.get_by_role("row", name="Growth")
    expect(row).to_contain_text("Default")
    for choice, shown in [("Activate", "US$29.00 a month + contacts"), ("Set as featured", "Featured")]:
        row.get_by_role("button", name="Actions for Growth", exact=True).click()
        page.get_by_role("button", name=choice).click()
        settle(page)
        expect(row).to_contain_text(shown)
    expect(row).not_to_contain_text("Draft")


@pytest.mark.usefixtures("shop")
def test_archiving_asks_first(open_page: OpenPage, owner: Staff) -> None:
    page, _ = open_page()
    sign_in(page)
    new_plan(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Save plan").click()
    page.get_by_role("button", name="Actions for Growth", exact=True).click()
    page.get_by_role("button", name="Clone").click()
    page.get_by_role("button", name="Actions for Growth (copy)").click()
    page.get_by_role("link", name="Archive").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Archive Growth (copy)?")
    assert_accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name="Growth (copy)")).to_be_visible()
    page.get_by_role("button", name="Actions for Growth (copy)").click()
    page.get_by_role("link", name="Archive").click()
    dialog.get_by_role("button", name="Archive plan").click()
    expect(page.get_by_role("row", name="Growth (copy)")).to_have_count(0)
    expect(page.get_by_role("link", name="1 archived plan")).to_be_visible()


@pytest.mark.usefixtures("shop")
def test_a_plan_is_made_without_scripts(open_page: OpenPage, owner: Staff) -> None:
    page, watch = open_page(scripts=False)
    watch.expected = ["status of 422"]
    sign_in(page)
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Solo")
    page.get_by_label("Price ID or lookup key").fill("growth_monthly")
    page.get_by_role("button", name="Add price link").click()
    expect(page.get_by_label("Plan name")).to_have_value("Solo")
    page.locator("#price-1").fill("no_such_key")
    page.get_by_role("button", name="Save plan").last.click()
    expect(page.get_by_text("has the lookup key “no_such_key”")).to_be_visible()
    page.get_by_role("button", name="Remove price 2").click()
    page.get_by_role("button", name="Estimate").click()
    expect(page.get_by_text("US$29.00").last).to_be_visible()
    page.get_by_role("button", name="Prove it").click()
    expect(page.get_by_text("Equal: Stripe would invoice US$29.00")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
@pytest.mark.usefixtures("shop")
def test_plans_and_resources_can_be_read_by_everybody(
    open_page: OpenPage, owner: Staff, width: int, theme: Theme, tmp_path: Path
) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto("/saas/plans")
    assert_accessible(page)
    new_plan(page)
    expect(page.locator("#quote svg, #quote .stat").first).to_be_visible()
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Save plan").click()
    for path in ("/saas/plans", "/saas/plans/archived", "/settings/resources"):
        page.goto(path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)
