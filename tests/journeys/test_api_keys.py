"""An API key is made in a browser, used by the host platform, and revoked."""

import re
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("owner"),
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
]
# A revoked key stops within so many seconds in every process.
STOPS_WITHIN = 5


def asked(url: str, key: str) -> int:
    """The status with which the API answers a key."""
    at = urlsplit(url)
    connection = HTTPConnection(at.hostname or "", at.port or 80, timeout=10)
    connection.request("GET", "/api/v1/clients", headers={"Authorization": f"Bearer {key}"})
    return connection.getresponse().status


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_a_key_is_made_used_and_revoked(open_page: OpenPage, live_url: str, *, width: int, theme: Theme) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto("/settings/api-keys")
    assert_good(page)
    page.get_by_role("link", name="New API key").click()
    page.get_by_label("Name").fill("Chat platform, production")
    assert_good(page)
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#secret").inner_text()
    assert re.fullmatch(r"bp_test_\w{43}", secret)
    assert_good(page)
    assert asked(live_url, secret) == 200

    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text("Chat platform, production")).to_be_visible()
    assert secret not in page.content()
    page.get_by_role("button", name="Actions for Chat platform, production").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.locator("#key-list")).to_contain_text("Revoked")
    assert_good(page)
    ends = time.monotonic() + STOPS_WITHIN
    while asked(live_url, secret) != 401:
        assert time.monotonic() < ends, "the key goes on working"


def assert_good(page: Page) -> None:
    settle(page)
    assert_no_sideways_scroll(page)
    assert_accessible(page)
