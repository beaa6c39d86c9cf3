"""A raised price in a real browser: who pays the old one is shown, and the old one goes once nobody does."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.models import Plan, ProcessorAccount, Subscription
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import heading, sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.catalog.catalog import catalog, connect
from tests.support.catalog.plans import add_subscription, new_plan
from tests.support.pages import Visitor
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

# What is seen does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def address(app: Flask, sandbox: Sandbox, signed_in: Visitor, owner: Staff) -> str:
    """The page of a plan at US$15.00 that two clients pay; US$19.00 has the lookup key "dearer"."""
    account = new_account(sandbox)
    shop = catalog(sandbox, account)
    product = shop.product("Growth")
    old = shop.price(product=product, unit_amount=1500)
    shop.price(product=product, unit_amount=1900, lookup_key="dearer")
    account_id = connect(app, signed_in, account.test_key)
    with app.app_context():
        plan_id = new_plan(owner.id, account_id=account_id, links=[Link(old, "flat")], is_active=True)
        with transaction() as session:
            row = session.get_one(ProcessorAccount, account_id)
            for customer in ("cus_1", "cus_2"):
                add_subscription(session, row, customer, old)
    return f"/saas/plans/{plan_id}/edit"


def raise_price(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#price-0").fill("dearer")
    expect(page.locator("#price-0-card")).to_contain_text("US$19.00 a month")
    with page.expect_navigation():
        page.get_by_role("button", name="Save plan").click()
    page.goto(address)


def end_subscriptions(app: Flask) -> None:
    with app.app_context(), transaction() as session:
        for row in session.query(Subscription):
            row.status = "canceled"


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_retired_price_shows_who_pays_it_until_nobody_does(
    app: Flask, open_page: OpenPage, address: str, width: int, theme: Theme, tmp_path: Path
) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    raise_price(page, address)
    retired = page.locator(".price", has_text="Retired")
    expect(retired).to_contain_text("US$15.00 a month")
    expect(retired).to_contain_text("2 clients still pay US$15.00. They keep Growth, with the quotas they bought.")
    expect(retired.get_by_role("button", name="Remove link")).to_have_count(0)
    expect(retired.get_by_role("button", name="Move these clients")).to_be_visible()
    retired.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "retired.png")
    assert_accessible(page)
    assert_no_sideways_scroll(page)

    end_subscriptions(app)
    page.reload()
    expect(retired).to_contain_text("No client pays it any more.")
    assert_accessible(page)
    with page.expect_navigation():
        retired.get_by_role("button", name="Remove link").click()
    heading(page, "Growth")
    expect(page.get_by_text("The price is removed.")).to_be_visible()
    expect(retired).to_have_count(0)


def test_a_retired_price_is_removed_without_scripts(app: Flask, open_page: OpenPage, address: str) -> None:
    with app.app_context(), transaction() as session:
        session.query(Plan).one().links[0].retired_at = session.query(Plan).one().created_at
    end_subscriptions(app)
    page, _ = open_page(scripts=False)
    sign_in(page)
    page.goto(address)
    page.get_by_role("button", name="Remove link").click()
    expect(page.get_by_text("The price is removed.")).to_be_visible()
