"""Health is looked at while all agrees, with findings, while Stripe is away and while no worker runs."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import HealthCheck, HealthFinding, JobRun
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.health.checks import all_agree, check_account, connect, run_checks
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("owner"),
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
]
PAGE = "/saas/health"
LONG = "Kanzlei Dr. Ehrenfried-Wolkenstein & Partner Rechtsanwältinnen und Steuerberater mbB"
LOOKS: list[tuple[int, Theme]] = [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox, session: Session) -> Iterator[World]:
    """Connected, and every check has agreed."""
    world = World(app, sandbox, new_account(sandbox))
    connect(world)
    all_agree()
    yield world
    sandbox.control("faults", verb="DELETE")


def add_finding(key: str, severity: str, title: str, meaning: str, **more: object) -> None:
    moment = now()
    action = {"label": "See this machine", "kind": "page", "name": "machine", "arguments": {}}
    given = {"key": key, "severity": severity, "title": title, "meaning": meaning, "action": action, "subject": ""}
    times = {"first_seen_at": moment - timedelta(hours=3), "last_seen_at": moment, "raised_at": moment}
    with transaction() as session:
        row = {**given, **times, "seen_in_a_row": 2, "times_raised": 1, "snooze_reason": "", **more}
        session.add(HealthFinding(**row))


def add_findings(world: World) -> None:
    account_id = world.row().id
    repair = {
        "label": "Apply them again",
        "kind": "repair",
        "name": "events.replay",
        "arguments": {"account_id": account_id},
    }
    add_finding(
        "invoice.amount_differs",
        "money",
        f"{LONG} was charged $20.00 too much",
        "Invoice NW-0042 says $97.00. Growth with 12,000 contacts costs $77.00. 1 client, 1 invoice, already paid.",
        times_raised=2,
    )
    add_finding(
        "inbox.failed",
        "access",
        "3 events from Stripe could not be applied",
        "A payment, a plan or a card may be out of date.",
        action=repair,
    )
    add_finding("backup.old", "soon", "The last backup is 3 days old", "Usage reported since would be lost.")


def look(page: Page, name: str) -> None:
    page.goto(PAGE)
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    for fold in page.locator("details.fold > summary").all()[:1]:
        fold.click()
    assert_accessible(page)


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_findings_are_read_put_aside_and_woken(open_page: OpenPage, world: World, width: int, theme: Theme) -> None:
    add_findings(world)
    page, watch = open_page(width=width, theme=theme)
    watch.expected = ["status of 422"]
    sign_in(page)
    look(page, "findings")
    expect(page.get_by_role("heading", name="3 findings, 1 about money")).to_be_visible()
    page.get_by_role("button", name="Actions for The last backup is 3 days old").click()
    page.get_by_role("link", name="Snooze").click()
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.get_by_role("button", name="Snooze finding").click()
    expect(page.get_by_text("Say why, so that your colleagues know.")).to_be_visible()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.get_by_label("In a week").check()
    page.get_by_label("Reason").fill("A new disk comes on Monday")
    page.get_by_role("button", name="Snooze finding").click()
    expect(page.get_by_role("heading", name="2 findings, 1 about money")).to_be_visible()
    expect(page.get_by_text("“A new disk comes on Monday”")).to_be_visible()
    look(page, "snoozed")
    page.get_by_role("button", name="Wake up").click()
    expect(page.get_by_role("heading", name="3 findings, 1 about money")).to_be_visible()


def test_check_now_is_followed_until_the_worker_has_checked(open_page: OpenPage, world: World) -> None:
    page, _ = open_page()
    sign_in(page)
    page.goto(PAGE)
    expect(page.get_by_role("heading", name=re.compile("^Everything agrees with Stripe as of"))).to_be_visible()
    with transaction() as session:
        session.execute(update(HealthCheck).values(due_at=now() + timedelta(seconds=30)))
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#health[hx-trigger='every 2s']")).to_be_visible()
    run_checks(world)
    expect(page.locator("#health[hx-trigger='every 20s']")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), [(DESK, "light"), (PHONE, "dark")])
def test_nothing_is_green_while_stripe_is_away_or_no_worker_runs(
    open_page: OpenPage, world: World, width: int, theme: Theme
) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    look(page, "green")
    expect(page.get_by_role("heading", name=re.compile("^Everything agrees"))).to_be_visible()
    world.sandbox.control("faults", kind="drop")
    check_account(world)
    run_checks(world)
    look(page, "unknown")
    expect(page.get_by_role("heading", name="We can’t say right now")).to_be_visible()
    with transaction() as session:
        session.execute(update(JobRun).values(reported_at=now() - timedelta(minutes=5)))
    look(page, "stopped")
    expect(page.get_by_role("heading", name=re.compile("^The background worker has been silent"))).to_be_visible()
    page.get_by_role("link", name=re.compile("^See the jobs")).click()
    assert_accessible(page)
    assert_no_sideways_scroll(page)
