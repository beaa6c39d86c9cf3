"""A member of staff gives the portal the partner's looks, and everybody sees them."""

from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import expect

from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll
from tests.support.catalog.showcase import add_branding, furnish

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
PAGE = "/settings/branding"


def png(colour: str) -> bytes:
    written = BytesIO()
    Image.new("RGB", (320, 80), colour).save(written, "PNG")
    return written.getvalue()


@pytest.mark.usefixtures("owner")
def test_a_name_a_colour_and_a_logo_are_seen_by_strangers(open_page: OpenPage) -> None:
    page, watch = open_page()
    watch.expected = ["status of 422"]
    sign_in(page)
    page.goto("/profile")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_role("link", name="Branding").click()
    page.get_by_label("Brand name").fill("Harbor Chat")
    page.get_by_label("Theme colour").fill("yellowish")
    page.get_by_role("button", name="Save branding").click()
    expect(page.get_by_label("Theme colour")).to_be_focused()
    expect(page.get_by_label("Brand name")).to_have_value("Harbor Chat")
    page.get_by_label("Theme colour").fill("#ffcc00")
    page.get_by_role("button", name="Save branding").click()
    expect(page.get_by_text("The colour #ffcc00 became #7a6100")).to_be_visible()
    page.locator("#logo_light-file").set_input_files(
        {"name": "l.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}
    )
    page.locator("#logo_light-upload").click()
    expect(page.get_by_role("alert")).to_contain_text("Upload a PNG instead")
    assert_accessible(page)
    page.locator("#logo_light-file").set_input_files({"name": "l.png", "mimeType": "image/png", "buffer": png("navy")})
    page.locator("#logo_light-upload").click()
    expect(page.get_by_alt_text("Logo for light pages, as it is shown now")).to_be_visible()
    stranger, _ = open_page()
    stranger.goto("/portal/pricing")
    expect(stranger.get_by_role("img", name="Harbor Chat")).to_be_visible()
    assert "Harbor Chat" in stranger.title()
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--tblr-primary')"
    assert stranger.evaluate(colour) == "#7a6100"


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
@pytest.mark.usefixtures("owner")
def test_the_page_can_be_used_by_everybody(open_page: OpenPage, width: int, theme: Theme) -> None:
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto(PAGE)
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["#000000", "#636363", "#7a6100", "#cc0000", "#0000ff"])
def test_every_colour_can_be_read(app: Flask, owner: Staff, open_page: OpenPage, colour: str, theme: Theme) -> None:
    plans = furnish(app, owner.id)
    with app.app_context():
        add_branding(colour=colour, privacy_url="https://harbor.example")
    page, _ = open_page(theme=theme)
    page.goto(f"/portal/pricing?plan={plans['Scale']}")
    assert_accessible(page)
    sign_in(page)
    for path in (PAGE, "/saas/payment-processor"):
        page.goto(path)
        assert_accessible(page)
