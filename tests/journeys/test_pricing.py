"""The pricing page in a real browser: as strangers see it, without scripts, and in a frame of the partner's site."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, weighed
from tests.support.catalog.showcase import add_branding, furnish

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
PAGE = "/portal/pricing"
# The style sheets weigh 84 kB of it.
HEAVIEST = 105_000


@pytest.fixture
def plans(app: Flask, owner: Staff) -> dict[str, int]:
    return furnish(app, owner.id)


def price_of(page: Page, plan_id: int) -> str:
    """The amount and what it is for, as the card shows them now."""
    return " ".join(page.locator(f"#price-{plan_id}").inner_text().split())


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_it_can_be_read_by_everybody(
    app: Flask, open_page: OpenPage, plans: dict[str, int], width: int, theme: Theme
) -> None:
    with app.app_context():
        add_branding(contact_url="mailto:sales@harbor.example", privacy_url="https://harbor.example/privacy")
    page, _ = open_page(width=width, theme=theme)
    for path in (PAGE, f"{PAGE}?interval=year&plan={plans['Scale']}", f"/portal/sign-up?plan={plans['Growth']}"):
        page.goto(path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_switch_shows_the_prices_of_the_year(open_page: OpenPage, plans: dict[str, int], scripts: bool) -> None:
    page, _ = open_page(scripts=scripts)
    page.goto(PAGE)
    assert price_of(page, plans["Growth"]) == "US$29.00 a month"
    page.get_by_text("Yearly").click()
    assert price_of(page, plans["Growth"]) == "US$290.00 a year Save 16%"
    page.get_by_role("link", name="Choose Growth").click()
    expect(page.get_by_role("heading", name="Sign up")).to_be_visible()
    expect(page.get_by_text("US$290.00 a year", exact=True)).to_be_visible()
    page.get_by_role("link", name="Change").click()
    assert price_of(page, plans["Growth"]) == "US$290.00 a year Save 16%"


def test_a_number_is_priced_while_it_is_typed(open_page: OpenPage, plans: dict[str, int]) -> None:
    page, _ = open_page()
    page.goto(PAGE)
    price = page.locator(f"#price-{plans['By contacts']} > :not([hidden])").first
    number = page.get_by_label("How many contacts?")
    number.fill("8000")
    expect(price).to_contain_text("US$32.00 a month for 8,000 contacts")
    expect(number).to_be_focused()
    number.fill("none")
    expect(page.get_by_text("Write a whole number from 1 to 10,000,000.")).to_be_visible()
    expect(number).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    number.fill("1001")
    expect(price).to_contain_text("US$25.00 a month for 1,001 contacts")
    expect(number).not_to_have_attribute("aria-invalid", "true")
    page.get_by_label("Currency").select_option("eur")
    expect(price).to_contain_text("€25.00 a month for 1,001 contacts")
    page.reload()
    expect(price).to_contain_text("€25.00 a month for 1,001 contacts")
    page.get_by_role("link", name="Choose By contacts").click()
    expect(page.get_by_text("€25.00 a month for 1,001 contacts")).to_be_visible()


def test_without_scripts_a_button_reprices(open_page: OpenPage, plans: dict[str, int]) -> None:
    page, _ = open_page(scripts=False)
    page.goto(PAGE)
    page.get_by_text("Yearly").click()
    page.get_by_label("How many contacts?").fill("8000")
    page.get_by_role("button", name="Update price").click()
    assert price_of(page, plans["By contacts"]).startswith("US$32.00 a month for 8,000 contacts")
    assert price_of(page, plans["Growth"]).startswith("US$290.00 a year")
    page.get_by_label("Currency").select_option("eur")
    page.get_by_role("button", name="Show").click()
    assert price_of(page, plans["By contacts"]).startswith("€32.00 a month for 8,000 contacts")
    page.get_by_role("link", name="Choose By contacts").first.click()
    expect(page.get_by_text("€32.00 a month for 8,000 contacts")).to_be_visible()


@pytest.mark.usefixtures("plans")
def test_it_weighs_at_most_105_kb_and_leaves_no_cookie(open_page: OpenPage) -> None:
    page, _ = open_page()
    with weighed(page, cold=True) as weights:
        page.goto(PAGE, wait_until="networkidle")
    assert 60_000 < sum(weights) <= HEAVIEST
    assert page.context.cookies() == []


@contextmanager
def site(body: str) -> Iterator[str]:
    """The partner's own site, with one page; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode() if self.path == "/" else b"")

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def snippet_on(page: Page) -> str:
    page.goto("/settings/branding")
    return page.locator("#copy-snippet").get_attribute("data-copy") or ""


def test_a_named_site_shows_it_in_a_frame_as_high_as_its_content(
    app: Flask, open_page: OpenPage, plans: dict[str, int]
) -> None:
    staff, _ = open_page()
    sign_in(staff)
    snippet = snippet_on(staff)
    with site(f"<!doctype html><link rel=icon href=data:,><title>Harbor</title>{snippet}") as address:
        page, watch = open_page()
        watch.expected = ["frame-ancestors", "chrome-error", "refused to connect"]
        page.goto(address)
        expect(page.frame_locator("iframe").get_by_text("Most Popular")).to_have_count(0)
        with app.app_context():
            add_branding(embedding_origins=[address])
        page.goto(address)
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("Most Popular")).to_be_visible()
        page.wait_for_function("() => document.querySelector('iframe').style.height.endsWith('px')")
        inner = page.frames[1]
        fits = "() => document.documentElement.scrollHeight <= window.innerHeight"
        inner.wait_for_function(fits)
        page.set_viewport_size({"width": PHONE, "height": 844})
        inner.wait_for_function(fits)
        frame.get_by_role("link", name="Choose Growth").click()
        expect(page.get_by_role("heading", name="Sign up")).to_be_visible()
