"""From test to live in a real browser: compared, chosen, created, waived, switched and switched back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.go_live.checklist import checklist, waivers
from billingportal.jobs import go_live as go_live_jobs
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.conftest import PASSWORD
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import heading, sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.catalog.twins import Twins, open_twins
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

# What is seen does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def twins(app: Flask, owner: Staff, sandbox: Sandbox) -> Iterator[Twins]:
    with app.app_context():
        twins = open_twins(World(app, sandbox, new_account(sandbox)), owner.id)
        twins.world.session.rollback()
        yield twins


def looks_good(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, full_page=True)
    assert_accessible(page)
    assert_no_sideways_scroll(page)


def waive(staff_id: int) -> None:
    with transaction() as session:
        for one in checklist.DEFINITIONS:
            if one.may_be_waived and one.key != "key_copy":
                waivers.waive(session, one.key, "Looked at by the team", staff_id=staff_id)


def leave_only_waivable_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine of a test can have a worker, a clock beside Stripe's and every check at once."""
    kept = tuple(one for one in checklist.DEFINITIONS if one.may_be_waived)
    monkeypatch.setattr(checklist, "DEFINITIONS", kept)


@pytest.mark.parametrize(
    ("width", "theme", "scripts"), [(PHONE, "dark", True), (DESK, "light", True), (DESK, "dark", False)]
)
def test_from_test_to_live(
    open_page: OpenPage,
    twins: Twins,
    width: int,
    theme: Theme,
    scripts: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, watch = open_page(width=width, theme=theme, scripts=scripts)
    watch.expected += ["status of 422"]  # the wrong password
    sign_in(page)
    page.goto("/saas/go-live")
    heading(page, "Go live")
    looks_good(page, tmp_path / "list.png") if scripts else None
    page.get_by_role("link", name="Compare test and live").first.click()
    heading(page, "Test to live")
    looks_good(page, tmp_path / "pairs.png") if scripts else None

    page.get_by_role("group", name="Live twin of Solo").get_by_role("radio").first.check()
    page.get_by_role("group", name="Live twin of Starter").get_by_label("None of these").check()
    page.get_by_role("button", name="Preview what would be created").click()
    expect(page.get_by_role("heading", name="8 things would be created in live mode")).to_be_visible()
    looks_good(page, tmp_path / "dry-run.png") if scripts else None
    page.get_by_role("button", name="Create 8 in live mode").click()
    expect(page.get_by_role("heading", name="0 of 13 done")).to_be_visible()
    looks_good(page, tmp_path / "creating.png") if scripts else None
    go_live_jobs.work_on_promotions(current_portal())
    if not scripts:
        page.reload()
    expect(page.get_by_role("heading", name="13 of 13 done")).to_be_visible()
    looks_good(page, tmp_path / "created.png") if scripts else None

    leave_only_waivable_items(monkeypatch)
    waive(twins.staff_id)
    page.goto("/saas/go-live")
    page.locator("#item-key_copy summary").click()
    page.get_by_label("Reason").fill("It is in the company vault, checked with Mara.")
    page.get_by_role("button", name="Waive this item").click()
    expect(page.get_by_role("heading", name="Ready to go live")).to_be_visible()
    looks_good(page, tmp_path / "ready.png") if scripts else None

    page.get_by_role("link", name="Switch to live mode").click()
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("This is not your password. Nothing was changed.")).to_be_visible()
    looks_good(page, tmp_path / "switch.png") if scripts else None
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("Your first week live")).to_be_visible()
    looks_good(page, tmp_path / "week.png") if scripts else None

    page.get_by_role("link", name="Switch back to test mode").click()
    looks_good(page, tmp_path / "back.png") if scripts else None
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Switch back").click()
    expect(page.get_by_role("heading", name="Ready to go live")).to_be_visible()
