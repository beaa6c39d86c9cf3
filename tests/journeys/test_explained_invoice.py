"""A month of metered use ends in an invoice that its page explains, for staff and for the client, in a real browser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import ClientMeter, MeterEvent, Workspace
from billingportal.models.auth.staff import Staff
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.people.billing import link_of
from tests.support.people.clients import Subscribed
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World
from tests.support.usage.metered import HOUR, Metered, metered

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
LONG = "Recall reminders and appointment confirmations, all four practices"
TIERS = [
    {"up_to": 20_000, "unit_amount": 0},
    {"up_to": 50_000, "unit_amount_decimal": "0.4"},
    {"up_to": "inf", "unit_amount_decimal": "0.3"},
]
LATE = 320


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@dataclass(frozen=True)
class Billed:
    """A client whose month is over, and the number of the invoice that bills its use."""

    app: Flask
    client_id: int
    invoice: str

    @property
    def path(self) -> str:
        return f"/saas/clients/{self.client_id}/invoices/{self.invoice}"


@pytest.fixture
def shop(app: Flask, owner: Staff, sandbox: Sandbox) -> Iterator[Metered]:
    with app.app_context():
        yield metered(World(app, sandbox, new_account(sandbox)), owner.id)


def billed(shop: Metered, *, late: int = 0) -> Billed:
    """63,480 AI replies of two workspaces in one month; so many of them reached Stripe too late."""
    flat = shop.catalog.price(unit_amount=4900, product=shop.catalog.product("Growth plan"))
    plan_id = shop.plan("AI replies", flat, billing_scheme="tiered", tiers_mode="graduated", tiers=TIERS)
    test_clock = shop.clock()
    one = shop.subscribe(plan_id, "Harbor Dental", test_clock)
    with transaction() as session:
        session.query(Workspace).filter_by(external_id="web-Harbor Dental").one().name = LONG
    starts, ends = shop.period_of(one)
    shop.advance(test_clock, ends - HOUR, [one])
    for day in range(29):
        used = {"front": 1400 + 10 * (day % 7), "web": 748}
        shop.use(one, "Harbor Dental", used, starts + HOUR + day * 24 * HOUR)
    rest = 63_480 - sum(1400 + 10 * (day % 7) + 748 for day in range(29)) - late
    shop.use(one, "Harbor Dental", {"web": rest}, ends - 3 * HOUR)
    if late:
        shop.use(one, "Harbor Dental", {"front": late}, ends - 2 * HOUR, at_stripe=False)
        add_too_late(shop, one, late, ends)
    shop.advance(test_clock, ends + 2 * HOUR, [one])
    invoice = shop.read_invoices(one)[-1]
    return Billed(shop.world.app, one.client_id, invoice.stripe_invoice_id)


def add_too_late(shop: Metered, one: Subscribed, late: int, ends: int) -> None:
    """The row of the outbox that could not be sent any more."""
    at = datetime.fromtimestamp(ends, UTC) - timedelta(hours=2)
    starts_at = shop.stored_subscription(one).items[0].period_started_at
    with transaction() as session:
        meter = ClientMeter(
            client_id=one.client_id,
            resource_id=shop.resource_id,
            processor_account_id=one.account_id,
            stripe_meter_id=shop.meter,
            begins_at=starts_at,
        )
        session.add(meter)
        session.flush()
        session.add(
            MeterEvent(
                client_meter_id=meter.id,
                identifier="late-1",
                value=late,
                at=at,
                day=at.date(),
                period_starts_at=starts_at,
                state="too_late",
                prepared_at=clock.now(),
            )
        )


def assert_good(page: Page) -> None:
    settle(page)
    assert_no_sideways_scroll(page)
    assert_accessible(page)


def rows_of(page: Page, heading: str) -> list[str]:
    """The rows of the table under a heading, in words."""
    table = page.locator("div", has=page.get_by_role("heading", name=heading, exact=True)).last.locator("tbody tr")
    return [re.sub(r"\s+", " ", text).strip() for text in table.all_inner_texts()]


@pytest.mark.parametrize(("width", "theme"), [(DESK, "light"), (PHONE, "dark")])
def test_staff_read_why_and_send_it_to_the_client(
    shop: Metered, owner: Staff, open_page: OpenPage, *, width: int, theme: Theme
) -> None:
    found = billed(shop)
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto(f"/saas/clients/{found.client_id}")
    page.get_by_role("link", name=re.compile(r"why US\$209\.44\?")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why US$209.44?")
    expect(page.get_by_text("Equal: Stripe charged what was used")).to_be_visible()
    assert rows_of(page, "From units to the amount") == [
        "First 20,000, included 20,000 units US$0.00 each US$0.00",
        "20,001 to 50,000 30,000 units US$0.004 each US$120.00",
        "50,001 and more 13,480 units US$0.003 each US$40.44",
    ]
    assert len(rows_of(page, "Who used them")) == 2
    expect(page.get_by_text("63,480 units on both sides")).to_be_visible()
    assert_good(page)

    page.get_by_role("link", name="Send to client").click()
    assert_good(page)
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Link for Harbor Dental").input_value()
    assert_good(page)
    other, _ = open_page(width=width, theme=theme)
    other.goto(address)
    expect(other.get_by_role("heading", level=1)).to_have_text("Why US$209.44?")
    expect(other.get_by_text("Stripe US$160.44")).to_have_count(0)
    assert len(rows_of(other, "Who used them")) == 2
    assert_good(other)


@pytest.mark.parametrize(("width", "theme"), [(DESK, "dark"), (PHONE, "light")])
def test_what_came_too_late_explains_the_difference_to_staff_alone(
    shop: Metered, owner: Staff, open_page: OpenPage, *, width: int, theme: Theme
) -> None:
    found = billed(shop, late=LATE)
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto(found.path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Why US$208.48?")
    expect(page.get_by_text("Stripe charged US$0.96 less than was used")).to_be_visible()
    expect(page.get_by_text("320 AI replies of 10 Feb came too late").first).to_be_visible()
    assert rows_of(page, "Compared") == [
        "On Stripe's invoice 63,160 units US$159.48",
        "Counted here 63,480 units US$160.44",
    ]
    assert_good(page)
    page.get_by_role("link", name="Bill it or let it go in the ledger").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ledger")
    page.goto(link_of(found.app, found.client_id) + f"?invoice={found.invoice}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Why US$208.48?")
    expect(page.get_by_text("320 of these units are not charged on this invoice.")).to_be_visible()
    expect(page.get_by_text("too late")).to_have_count(0)
    expect(page.get_by_text("less than was used")).to_have_count(0)
    assert_good(page)


def test_without_script_and_on_paper_the_page_says_the_same(shop: Metered, open_page: OpenPage) -> None:
    found = billed(shop)
    page, _ = open_page(scripts=False)
    page.goto(link_of(found.app, found.client_id))
    page.get_by_role("link", name="Why US$209.44?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why US$209.44?")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    assert page.locator("#line-2-days").get_by_role("row").count() > 28
