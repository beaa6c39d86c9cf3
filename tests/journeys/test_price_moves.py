"""A price is raised for those who have it, in a real browser: chosen, looked at, confirmed, and undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import heading, sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.people.raises import Raise, open_raise
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

# What is seen does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def raised(app: Flask, owner: Staff, sandbox: Sandbox) -> Iterator[Raise]:
    """Three clients pay 15.00; the plan sells 19.00 now."""
    with app.app_context():
        raised = open_raise(World(app, sandbox, new_account(sandbox)), owner.id)
        for name in ("Bloom & Co", "Harbor Dental", "Studio Nord"):
            raised.subscribe(name)
        raised.raise_price()
        raised.world.session.rollback()
        yield raised


def looks_good(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, full_page=True)
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (DESK, "light")])
def test_a_price_is_raised_and_clients_move(
    open_page: OpenPage, raised: Raise, width: int, theme: Theme, tmp_path: Path
) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto(f"/saas/plans/{raised.plan_id}/edit")
    page.get_by_role("button", name="Move these clients").click()
    heading(page, "Growth: from US$15.00 to US$19.00 a month")
    looks_good(page, tmp_path / "who.png")

    page.get_by_role("link", name="Add an exception for Studio Nord").click()
    page.get_by_label("Why the price stays").fill("Promised")
    looks_good(page, tmp_path / "exception.png")
    page.get_by_role("button", name="Save exception").click()
    expect(page.get_by_role("checkbox", name="Studio Nord")).not_to_be_checked()
    page.get_by_role("button", name="Review change").click()
    expect(page.get_by_text("0 of 2 amounts are known")).to_be_visible()
    raised.work()
    confirm = page.get_by_role("button", name="Move 2 clients and send 2 emails")
    expect(confirm).to_be_visible()
    expect(page.get_by_text("Together they pay US$30.00 now, and US$38.00 afterwards.")).to_be_visible()
    page.get_by_label("Your own sentence (optional)").fill("You got twice the contacts.")
    looks_good(page, tmp_path / "review.png")

    confirm.click()
    expect(page.get_by_text("0 of 2 clients are planned")).to_be_visible()
    looks_good(page, tmp_path / "running.png")
    raised.work()
    expect(page.get_by_text("2 clients move to US$19.00")).to_be_visible()
    looks_good(page, tmp_path / "planned.png")

    page.get_by_role("button", name="Undo for Bloom & Co").click()
    expect(page.get_by_text("Being undone")).to_be_visible()
    raised.work()
    expect(page.get_by_text("1 client moves to US$19.00")).to_be_visible()
    page.get_by_role("button", name="Undo for all").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo for all").click()
    expect(page.get_by_text("Being undone")).to_be_visible()
    raised.work()
    expect(page.get_by_text("0 of 2 clients moved")).to_be_visible()
    assert len(raised.mails()) == 4
