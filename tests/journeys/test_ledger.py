"""The billing ledger in a real browser: what differs is seen, understood and mended."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.metering import outbox
from billingportal.models import Client
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.usage.metered_clients import MeteredClient, Meters, metered_client, open_meters, sum_up, today

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
LONG = "Kanzlei Dr. Ehrenfried-Wolkenstein & Partner Rechtsanwältinnen und Steuerberater mbB"
LEDGER = "/saas/usage/ledger"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@pytest.fixture
def meters(app: Flask, owner: Staff, sandbox: Sandbox) -> Meters:
    account = new_account(sandbox)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    connect(app, visitor, account.test_key)
    return open_meters(sandbox, account, app, owner.id)


@pytest.fixture
def lost(app: Flask, meters: Meters) -> MeteredClient:
    """One of every difference; returned is the client whose day Stripe lost."""
    names = ("Harbor Dental", "Bloom & Co", "Kite Logistics", "Atlas Fitness", "Kanzlei", "Northgate Retail")
    harbor, bloom, kite, atlas, long, northgate = clients = [metered_client(meters, app, name) for name in names]
    with app.app_context():
        with transaction() as session:
            session.get_one(Client, long.ids.client_id).name = LONG
        for client, used in zip(clients, (2090, 48, 610, 1280, 2310, 61_200), strict=True):
            client.uses(used)
        harbor.uses(320)
        harbor.grow_older(25)
        meters.report_elsewhere(kite.ids.customer, 200)
        for client in (harbor, bloom, atlas, long):
            client.lose_today()
        change(bloom, state="rejected", reason="meter_event_customer_not_found", problem="Stripe knows no customer.")
        change(atlas, state="too_late")
        change(long, state="waiting")
        for client in (harbor, bloom, kite, atlas, northgate):
            client.compare()
        sum_up()
    return harbor


def change(client: MeteredClient, **values: object) -> None:
    client.change_events(0, **values)
    number = client.row().id
    with transaction() as session:
        outbox.refresh_days(session, number, [today()])


def assert_good(page: Page) -> None:
    settle(page)
    assert_no_sideways_scroll(page)
    assert_accessible(page)


@pytest.mark.parametrize(("width", "theme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_what_differs_is_seen_and_understood(
    lost: MeteredClient, open_page: OpenPage, owner: Staff, *, width: int, theme: Theme
) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto(LEDGER)
    expect(page.get_by_role("heading", name="Billing ledger")).to_be_visible()
    expect(page.get_by_text("5 things to look at")).to_be_visible()
    assert_good(page)
    page.get_by_role("link", name="Look at the events").first.click()
    expect(page.get_by_role("heading", name="Meter events")).to_be_visible()
    assert_good(page)


def test_lost_use_is_resent_on_a_click(app: Flask, lost: MeteredClient, open_page: OpenPage, owner: Staff) -> None:
    page, _ = open_page()
    sign_in(page)
    page.goto(LEDGER)
    page.get_by_role("button", name="Resend 2 events").click()
    page.get_by_role("dialog").get_by_role("button", name="Resend 2 events").click()
    expect(page.get_by_text("2 meter events will be sent again within seconds.")).to_be_visible()
    expect(page.get_by_text("4 things to look at")).to_be_visible()
    with app.app_context():
        lost.push()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("with Stripe")).to_be_visible()
    settle(page)
    with app.app_context():
        assert lost.states() == ["cancelled", "cancelled", "confirmed", "confirmed"]
    assert_good(page)


def test_without_scripts_the_same_can_be_done(lost: MeteredClient, open_page: OpenPage, owner: Staff) -> None:
    page, _ = open_page(scripts=False)
    sign_in(page)
    page.goto(LEDGER)
    page.get_by_role("button", name="Bill US$5.12").click()
    expect(page.get_by_text("US$5.12 is on the client's next invoice.")).to_be_visible()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("with Stripe")).to_be_visible()
    expect(page.get_by_text("4 things to look at")).to_be_visible()
