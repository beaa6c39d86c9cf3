import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal.db import transaction
from billingportal.domain.auth import setup
from tests.conftest import PASSWORD
from tests.journeys.conftest import OpenPage
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll

pytestmark = pytest.mark.browser

# What is seen does not depend on the database, and a browser takes its time.
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

REFUSED = ["status of 422", "status of 429", "status of 403", "status of 404", "status of 410"]


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Sign in as the owner, with the form."""
    page.goto("/sign-in")
    page.get_by_label("Email").fill("owner@example.com")
    page.get_by_label("Password", exact=True).fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def test_the_owner_sets_the_portal_up_and_signs_out(app: Flask, open_page: OpenPage) -> None:
    page, watch = open_page()
    watch.expected = REFUSED
    with app.app_context(), transaction() as session:
        token = setup.new_link(session)
    page.goto(f"/setup/{token}")
    page.get_by_label("Your name").fill("Mara Lindqvist")
    page.get_by_label("Email").fill("mara@example.com")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_text("Too short.")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Mara Lindqvist")
    assert_accessible(page)
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    page.goto("/profile")
    page.get_by_role("button", name="Account menu: Mara Lindqvist").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    heading(page, "Sign in")
    page.goto(f"/setup/{token}")
    heading(page, "This link has been used")


@pytest.mark.usefixtures("owner")
@one_database
def test_signing_in_takes_only_the_keyboard(page: Page) -> None:
    page.goto("/profile")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type("owner@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    heading(page, "Your profile")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.get_by_role("button", name="Account menu").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Account menu")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    heading(page, "Sign in")


@pytest.mark.usefixtures("owner")
@one_database
def test_a_wrong_password_is_told_and_the_right_one_works_after_it(open_page: OpenPage) -> None:
    page, watch = open_page()
    watch.expected = REFUSED
    sign_in(page, "wrong horse battery")
    expect(page.get_by_role("alert")).to_contain_text("Email or password is not right")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value("owner@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    page.goto("/profile")
    heading(page, "Your profile")


@pytest.mark.usefixtures("owner")
def test_a_changed_password_signs_other_browsers_out(open_page: OpenPage) -> None:
    page, watch = open_page()
    elsewhere, watch_elsewhere = open_page()
    watch.expected = watch_elsewhere.expected = REFUSED
    for each in (page, elsewhere):
        sign_in(each)
    page.goto("/profile")
    page.get_by_label("Current password", exact=True).fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("a better sentence than that")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Password changed.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Close message").click()
    expect(page.get_by_text("Password changed.")).to_have_count(0)
    elsewhere.goto("/profile")
    heading(elsewhere, "Sign in")


@pytest.mark.usefixtures("owner")
@one_database
def test_the_profile_signs_out_another_browser(open_page: OpenPage) -> None:
    page, watch = open_page()
    elsewhere, watch_elsewhere = open_page(width=PHONE)
    watch.expected = watch_elsewhere.expected = REFUSED
    for each in (page, elsewhere):
        sign_in(each)
        each.goto("/profile")
        assert_accessible(each)
        assert_no_sideways_scroll(each)
    page.goto("/profile")
    expect(page.get_by_text("This browser", exact=True)).to_have_count(1)
    expect(page.locator("#sessions li")).to_have_count(2)
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.get_by_text("Signed out everywhere else.")).to_be_visible()
    expect(page.locator("#sessions li")).to_have_count(1)
    elsewhere.reload()
    heading(elsewhere, "Sign in")


@pytest.mark.usefixtures("owner")
@one_database
def test_the_theme_is_chosen_once_and_printed_by_the_server(open_page: OpenPage) -> None:
    page, watch = open_page()
    watch.expected = REFUSED
    sign_in(page)
    page.goto("/profile")
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    answer = page.goto("/profile")
    assert answer is not None
    assert 'data-bs-theme="dark"' in answer.text()
    page.get_by_role("button", name="Account menu").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Same as system").click()
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", "dark")


@pytest.mark.usefixtures("owner")
@one_database
@pytest.mark.parametrize("scripts", [True, False])
def test_the_mode_is_switched_with_and_without_scripts(open_page: OpenPage, scripts: bool) -> None:
    page, watch = open_page(scripts=scripts)
    watch.expected = REFUSED
    sign_in(page)
    page.goto("/profile?tab=1")
    mode = page.get_by_role("region", name="Mode")
    expect(mode).to_contain_text("Test mode")
    mode.get_by_role("button", name="Live").click()
    expect(mode).to_contain_text("Live mode")
    expect(page).to_have_title("Your profile · Billing Portal")
    assert page.url.endswith("/profile?tab=1")
    mode.get_by_role("button", name="Test").click()
    expect(page).to_have_title("Your profile (test mode) · Billing Portal")


@pytest.mark.usefixtures("owner")
@one_database
@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_every_page_is_accessible_and_fits_its_window(open_page: OpenPage, width: int, theme: Theme) -> None:
    page, watch = open_page(width=width, theme=theme)
    watch.expected = REFUSED

    def look() -> None:
        assert_accessible(page)
        assert_no_sideways_scroll(page)

    page.goto("/sign-in")
    look()
    for path in ("/setup/unknown", "/nothing-here"):
        page.goto(path)
        look()
    sign_in(page, "wrong horse battery")
    look()
    sign_in(page)
    page.goto("/profile")
    look()
    if width == PHONE:
        page.get_by_role("button", name="Menu", exact=True).click()
        expect(page.get_by_role("link", name="Webhook events")).to_be_visible()
        look()
    page.get_by_role("button", name="Account menu").click()
    look()
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.get_by_role("button", name="Live").click()
    look()
