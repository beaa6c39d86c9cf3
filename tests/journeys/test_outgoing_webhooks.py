"""An outgoing webhook is added, tried out, fails, is looked at and sent again, and its secret is rotated."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import endpoints
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.plain_json import JsonObject
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.people.clients import new_client
from tests.support.usage.host_platform import HostPlatform, add_endpoint, deliver, pass_time

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("owner"),
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
]
USUAL = ("client.created", "limit.reached", "limit.exceeded")
PAGE = "/settings/outgoing-webhooks"
LONG_NAME = "Kanzlei Dr. Ehrenfried-Wolkenstein & Partner Rechtsanwältinnen und Steuerberater mbB"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allows_private_webhooks=True)


@pytest.fixture
def platform() -> Iterator[HostPlatform]:
    with HostPlatform() as running:
        yield running


def work(app: Flask) -> None:
    with app.app_context():
        deliver()


def tell(client_id: int, event_type: str, number: int) -> None:
    with transaction() as session:
        data: JsonObject = {"client": f"cl_{client_id}", "resource": "contacts", "used": number, "limit": 1000}
        record_event(session, "test", event_type, client_id, data)


def test_an_address_is_added_fails_and_is_mended_by_resending(
    app: Flask, open_page: OpenPage, platform: HostPlatform
) -> None:
    page, watch = open_page()
    watch.expected = ["status of 422"]
    sign_in(page)
    page.goto("/profile")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_role("link", name="Outgoing webhooks").click()
    page.get_by_role("link", name="Add address").click()
    page.get_by_label("Address", exact=True).fill("http://169.254.169.254/hooks")
    page.get_by_role("button", name="Add address").click()
    expect(page.get_by_text("169.254.169.254 is a link-local address")).to_be_visible()
    expect(page.get_by_label("Address", exact=True)).to_be_focused()
    page.get_by_label("Address", exact=True).fill(platform.url())
    page.get_by_role("button", name="Add address").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.locator("#secret")).to_have_count(0)

    platform.behaviours = [500]
    page.get_by_role("button", name="Send test").click()
    first = page.locator("li.message").first
    expect(first.locator(".st")).to_contain_text("Sending…")
    work(app)
    expect(first).to_contain_text("Failed, 1 try")
    expect(first).to_contain_text("database is locked")
    first.get_by_role("button", name="Resend").click()
    expect(first.locator(".st")).to_contain_text("Sending…")
    work(app)
    expect(first).to_contain_text("Taken on try 2")
    assert platform.arrived[0].webhook_id == platform.arrived[1].webhook_id
    for arrival in platform.arrived:
        arrival.verify(secret)

    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("button", name="Rotate secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate secret").click()
    expect(page.get_by_text("every message carries two signatures")).to_be_visible()
    rotated = page.locator("#secret").inner_text()
    assert rotated != secret
    assert_accessible(page)
    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete address").click()
    expect(page.get_by_text("Tell your platform what changes")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_page_can_be_used_by_everybody(
    app: Flask, open_page: OpenPage, platform: HostPlatform, width: int, theme: Theme
) -> None:
    page, watch = open_page(width=width, theme=theme)
    watch.expected = ["status of 422"]
    sign_in(page)
    look(page, PAGE, "empty", width, theme)
    with app.app_context():
        furnish(platform)
    for path, name in (("", "index"), ("/new", "new"), ("/1", "show"), ("/2", "paused"), ("/3", "off")):
        look(page, PAGE + path, name, width, theme)
    page.goto(PAGE + "/1")
    page.locator("li.message summary").first.click()
    page.get_by_role("button", name="Actions for").click()
    check(page, "opened", width, theme)
    page.goto(PAGE + "/new")
    page.get_by_role("button", name="Add address").click()
    check(page, "error", width, theme)


def look(page: Page, path: str, name: str, width: int, theme: Theme) -> None:
    page.goto(path)
    check(page, name, width, theme)


def check(page: Page, name: str, width: int, theme: Theme) -> None:
    if folder := os.environ.get("O_SHOTS"):
        page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True)
    assert_no_sideways_scroll(page)
    assert_accessible(page)


def furnish(platform: HostPlatform) -> None:
    """Addresses in each state, with messages in each state."""
    add_endpoint(platform.url(path="/webhooks/billing-portal/v2/eu-west-1/" + "provisioning" * 5), *USUAL)
    paused, _ = add_endpoint(platform.url(path="/notify"), "limit.reached")
    add_endpoint(platform.url(path="/gone"), "limit.warning")
    clients = [
        new_client(name, f"office@client-{n}.example")
        for n, name in enumerate(("Harbor Dental", LONG_NAME, "Bloom & Co"))
    ]
    deliver()
    with transaction() as session:
        endpoints.pause_endpoint(session, "test", paused, staff_id=1)
    platform.answers_by_client = {f"cl_{clients[1]}": 302, f"cl_{clients[2]}": 500}
    for client_id in clients:
        tell(client_id, "limit.reached", 1000)
        tell(client_id, "limit.exceeded", 1100)
    deliver()
    pass_time(timedelta(seconds=6))
    deliver()
    platform.answers_by_client = {}
    platform.usually = 410
    with transaction() as session:
        record_event(session, "test", "limit.warning", None, {"used": 800})
    deliver()
