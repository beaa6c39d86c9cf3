"""Clients in a real browser: found, looked at, and everything that can be done with one, with and without scripts."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models import Workspace
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import heading, sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.catalog.catalog import catalog, connect
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.pages import Visitor
from tests.support.people.clients import new_client, paid_plan, subscribed_client
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.usage.reports import report_level

# What is seen does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def harbor(app: Flask, sandbox: Sandbox, signed_in: Visitor, owner: Staff) -> int:
    """A client who pays 29 dollars a month and uses 4,300 of 5,000 contacts, beside some on a free plan; its id."""
    account = new_account(sandbox)
    found = catalog(sandbox, account)
    connect(app, signed_in, account.test_key)
    with app.app_context():
        contacts = resource_id(db.session(), "contacts")
        new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    plan_id = paid_plan(owner.id, found, app, quotas={contacts: Limit(5000)})
    client_id = subscribed_client(app, found.client, plan_id).client_id
    with app.app_context():
        for name in ("Bloom & Co", "Donaudampfschifffahrtsgesellschaftskapitänswitwe" * 2, "Café Verde"):
            new_client(name, email="hello@bloom.example", workspace_name=f"{name[:20]} desk")
        with transaction() as session:
            made = Workspace(client_id=client_id, mode="test", name="Front desk", created_at=owner.created_at)
            session.add(made)
            session.flush()
            report_level(session, made, contacts, 4300)
    return client_id


def test_a_client_is_found_looked_at_suspended_and_given_more(page: Page, harbor: int) -> None:
    sign_in(page)
    page.goto("/saas/clients")
    page.get_by_label("Search clients").fill("front")
    expect(page.locator("#client-list tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Harbor Dental").click()
    heading(page, "Harbor Dental")
    expect(page.locator("#subscription")).to_contain_text("US$29.00 a month")
    expect(page.locator("#quotas")).to_contain_text("4,300 of 5,000")
    expect(page.locator("#invoices")).to_contain_text("Paid")

    page.get_by_role("link", name="Override", exact=True).click()
    page.get_by_label("Resource").select_option(label="Contacts")
    page.get_by_role("textbox", name="Quota").fill("9,000")
    page.get_by_label("Reason").fill("A good year")
    page.get_by_role("button", name="Override quota").click()
    expect(page.locator("#quotas")).to_contain_text("4,300 of 9,000")
    page.get_by_role("button", name="End the quota of Contacts given by hand").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(page.locator("#quotas")).to_contain_text("4,300 of 5,000")

    page.get_by_role("button", name="Actions for Harbor Dental").click()
    page.get_by_role("link", name="Suspend").click()
    page.get_by_label("Reason").fill("Spam")
    page.get_by_role("button", name="Suspend client").click()
    expect(page.locator("#subscription")).to_contain_text("Nothing works until you reactivate the client.")
    page.get_by_role("button", name="Actions for Harbor Dental").click()
    page.get_by_role("button", name="Reactivate").click()
    expect(page.locator("#subscription")).not_to_contain_text("Nothing works")
    page.get_by_role("button", name="Actions for Harbor Dental").click()
    page.get_by_role("button", name="Fetch from Stripe").click()
    expect(page.locator("#toasts")).to_contain_text("Fetched from Stripe")
    settle(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_client_is_added_gets_a_billing_link_and_is_archived(open_page: OpenPage, harbor: int, scripts: bool) -> None:
    page, _ = open_page(scripts=scripts)
    sign_in(page)
    page.goto("/saas/clients")
    page.get_by_role("link", name="Add client").click()
    page.get_by_label("Business name").fill("Atlas Fitness")
    page.get_by_label("Email").fill("team@atlas.example")
    page.get_by_label("First workspace").fill("Gym")
    page.get_by_role("button", name="Add client").click()
    heading(page, "Atlas Fitness")

    page.get_by_role("button", name="Actions for Atlas Fitness").click()
    page.get_by_role("link", name="Copy billing link").click()
    page.get_by_role("button", name="Make a billing link").click()
    assert "/portal/billing-link/" in page.get_by_label("Link for Atlas Fitness").input_value()
    page.get_by_role("link", name="Back to Atlas Fitness").click()

    page.get_by_role("button", name="Actions for Atlas Fitness").click()
    page.get_by_role("link", name="Archive").click()
    page.get_by_role("button", name="Archive client").click()
    expect(page.locator("#subscription")).to_contain_text("Archived on")
    page.goto("/saas/clients")
    expect(page.locator("#client-list")).not_to_contain_text("Atlas Fitness")
    page.goto("/saas/clients?status=archived")
    expect(page.locator("#client-list")).to_contain_text("Atlas Fitness")


def test_archiving_a_paying_client_asks_when(page: Page, harbor: int) -> None:
    sign_in(page)
    page.goto(f"/saas/clients/{harbor}/archiving")
    expect(page.locator("main")).to_contain_text("Archiving cancels its subscription of US$29.00 a month")
    page.get_by_role("button", name="Cancel subscription and archive").click()
    expect(page.locator("#subscription")).to_contain_text("To be archived")

    page.goto(f"/saas/clients/{harbor}/archiving")
    page.get_by_label("Now").check()
    page.get_by_role("button", name="Cancel subscription and archive").click()
    expect(page.locator("#subscription")).to_contain_text("Archived on")


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_the_pages_are_accessible_and_fit(
    open_page: OpenPage, app: Flask, harbor: int, width: int, theme: Theme
) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    with app.app_context():
        workspace_id = db.session().scalars(select(Workspace.id).where(Workspace.client_id == harbor)).one()
    client = f"/saas/clients/{harbor}"
    for path in (
        "/saas/clients",
        "/saas/clients?q=nobody",
        "/saas/clients/new",
        client,
        f"{client}/edit",
        f"{client}/comp",
        f"{client}/quota-overrides",
        f"{client}/suspension",
        f"{client}/archiving",
        f"{client}/billing-links/new",
        f"{client}/notes",
        f"{client}/timeline",
        f"{client}/workspaces/new",
        f"{client}/workspaces/{workspace_id}/move",
    ):
        page.goto(path)
        assert_no_sideways_scroll(page)
        assert_accessible(page)
