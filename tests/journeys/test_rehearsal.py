"""A rehearsal in a real browser: started, watched to its end, its report read, checked, and changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.jobs import rehearsal as rehearsal_jobs
from billingportal.models import Plan, Rehearsal
from billingportal.models.auth.staff import Staff
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import current_portal
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import heading, sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import Stock, stock
from tests.support.rehearsal.reports import add_ended, sign
from tests.support.rehearsal.rows import add_life, add_rehearsal, add_step, compared
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

# What is seen does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
LONG = "Enterprise for customer support teams in many languages"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def shop(app: Flask, owner: Staff, sandbox: Sandbox) -> Iterator[Stock]:
    with app.app_context():
        yield stock(World(app, sandbox, new_account(sandbox)), owner)


def looks_good(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, full_page=True)
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("width", "theme", "scripts"), [(PHONE, "dark", True), (DESK, "light", True), (DESK, "dark", False)]
)
def test_a_rehearsal_from_the_button_to_the_report(
    open_page: OpenPage, shop: Stock, width: int, theme: Theme, scripts: bool, tmp_path: Path
) -> None:
    page, _ = open_page(width=width, theme=theme, scripts=scripts)
    look = looks_good if scripts else lambda *_: None
    sign_in(page)
    page.goto("/saas/rehearsals")
    expect(page.get_by_text("No plan is for sale yet")).to_be_visible()
    look(page, tmp_path / "empty.png")
    plan_id = shop.plan("graduated", "metered", ("month",))
    shop.plan("flat", "licensed")
    with transaction() as session:
        session.get_one(Plan, plan_id).name = LONG
    page.reload()
    look(page, tmp_path / "choose.png")
    page.get_by_label("flat licensed 2").uncheck()
    page.get_by_label("Quick").check()
    page.locator("#start").press("Enter")
    expect(page.get_by_role("heading", name="Waiting for the worker")).to_be_visible()
    look(page, tmp_path / "queued.png")
    rehearsed.run()
    rehearsal_jobs.write_reports(current_portal())
    if not scripts:
        page.reload()
    expect(page.get_by_text("equal to the cent").first).to_be_visible()
    look(page, tmp_path / "result.png")

    page.get_by_role("link", name="Open report").click()
    heading(page, "Rehearsal report")
    look(page, tmp_path / "report.png")
    page.get_by_role("link", name="Check a report").first.click()
    look(page, tmp_path / "check.png")
    with full_transaction() as session:
        file = str(session.query(Rehearsal).one().report)
    expect_checked(page, tmp_path, file, "Unchanged")
    look(page, tmp_path / "unchanged.png")
    expect_checked(page, tmp_path, file.replace('"expected": "', '"expected": "1', 1), "This report was changed")
    look(page, tmp_path / "changed.png")
    page.get_by_role("link", name="Settings > Reports").click()
    heading(page, "Reports")
    look(page, tmp_path / "key.png")


def expect_checked(page: Page, folder: Path, text: str, title: str) -> None:
    (folder / "report.json").write_text(text, encoding="utf-8")
    page.get_by_label("Report file (JSON)").set_input_files(folder / "report.json")
    page.get_by_role("button", name="Check report").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_a_failed_and_a_running_rehearsal(
    open_page: OpenPage, shop: Stock, width: int, theme: Theme, tmp_path: Path
) -> None:
    plan_id = shop.plan("graduated", "metered", ("month",))
    account_id = shop.world.row().id
    with transaction() as session:
        session.get_one(Plan, plan_id).name = "Growth"
    add_ended(account_id, plan_id)
    failed = add_ended(account_id, plan_id, fails=True)
    sign(failed)
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto(f"/saas/rehearsals/{failed}")
    expect(page.get_by_role("heading", name="Growth is wrong at 1 step")).to_be_visible()
    looks_good(page, tmp_path / "failed.png")
    with transaction() as session:
        session.get_one(Plan, plan_id).trial_days = 14
    page.goto("/saas/rehearsals")
    looks_good(page, tmp_path / "history.png")

    with full_transaction() as session:
        rehearsal = add_rehearsal(session, account_id)
        life = add_life(session, rehearsal, plan_id)
        rows = [compared("Plan in force", "Growth"), compared("Contacts in force", "5,000 contacts, then billed")]
        add_step(session, life, 0, "Subscribe", checks=rows)
        add_step(session, life, 1, "First invoice", state="intended", verdict=None)
        add_step(session, life, 2, "Renewal", state="waiting")
        running = rehearsal.id
    page.goto("/saas/rehearsals")
    expect(page.get_by_role("heading", name="1 of 3 steps done")).to_be_visible()
    looks_good(page, tmp_path / "running.png")
    page.get_by_role("button", name="Cancel rehearsal").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Cancel rehearsal").press("Enter")
    expect(page.get_by_role("heading", name="Canceling")).to_be_visible()
    with full_transaction() as session:
        session.get_one(Rehearsal, running).state = "canceled"
    expect(page.get_by_role("heading", name="Canceled")).to_be_visible()
    looks_good(page, tmp_path / "canceled.png")
