"""Clients near, at and over their limits, in a real browser: what they and staff read, under each rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import stripe
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.limit_notices import checks
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.jobs import usage as usage_jobs
from billingportal.models import MailSettings, OutgoingMail, Subscription, UsagePool
from billingportal.models.auth.staff import Staff
from billingportal.models.plans.plan_quota import Reaction
from billingportal.portal import current_portal
from tests.journeys.conftest import OpenPage
from tests.journeys.test_staff import sign_in
from tests.support.browser import DESK, PHONE, Theme, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.catalog.catalog import catalog, connect
from tests.support.catalog.plans import resource_id
from tests.support.catalog.usage import add_days, add_resource, add_workspace, limited_client, uses
from tests.support.pages import Visitor
from tests.support.people.billing import link_of
from tests.support.people.clients import plan_of, subscribed_client
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]
LONG = "Kanzlei Dr. Ehrenfried-Wolkenstein & Partner Rechtsanwältinnen und Steuerberater mbB"
TIERS = [
    {"up_to": 20_000, "unit_amount": 0},
    {"up_to": 50_000, "unit_amount_decimal": "0.4"},
    {"up_to": "inf", "unit_amount_decimal": "0.3"},
]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox, public_url=None)


@dataclass(frozen=True)
class Metered:
    """A client that pays US$49.00 a month, and for AI replies beyond 20,000."""

    app: Flask
    client_id: int
    replies: int
    period: tuple[datetime, datetime]

    def uses(self, used: int, cap: int | None = None) -> None:
        uses(self.client_id, self.replies, used, self.period, cap)
        look()


def look() -> None:
    """What the worker does within seconds."""
    checks.check_limits(transaction)
    usage_jobs.count_usage_of_today(current_portal())


@pytest.fixture
def metered(app: Flask, owner: Staff, session: Session, sandbox: Sandbox) -> Metered:
    account = new_account(sandbox)
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    connect(app, visitor, account.test_key)
    replies, contacts = add_resource("AI replies"), resource_id(session, "contacts")
    stripe_catalog = catalog(sandbox, account)
    flat = stripe_catalog.price(unit_amount=4900, product=stripe_catalog.product("Growth"))
    by_use = stripe_catalog.metered(
        stripe_catalog.meter("ai_replies", "AI replies"), billing_scheme="tiered", tiers_mode="graduated", tiers=TIERS
    )
    plan_id = plan_of(
        owner.id,
        app,
        [Link(flat, "flat"), Link(by_use, "usage", replies)],
        quotas={replies: Limit(20_000, "bill"), contacts: Limit(5000), resource_id(session, "team_members"): Limit(5)},
    )
    sdk: stripe.StripeClient = sandbox.client(account.test_key)
    one = subscribed_client(app, sdk, plan_id)
    with transaction() as writing:
        given = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "billing@northwind.example"}
        writing.add(MailSettings(**given, updated_at=clock.now()))
    (item,) = session.scalars(select(Subscription)).one().items[:1]
    return Metered(app, one.client_id, replies, (item.period_started_at, item.period_ends_at))


def assert_good(page: Page) -> None:
    settle(page)
    assert_no_sideways_scroll(page)
    assert_accessible(page)


def subjects(client_id: int) -> list[str]:
    with transaction() as session:
        mine = select(OutgoingMail.subject).where(OutgoingMail.client_id == client_id).order_by(OutgoingMail.id)
        return list(session.scalars(mine))


Look = tuple[int, Theme]
LOOKS: list[Look] = [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")]


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "light"), (DESK, "dark")])
def test_a_client_pays_for_extra_use_and_caps_it(
    metered: Metered, open_page: OpenPage, *, width: int, theme: Theme
) -> None:
    metered.uses(16_800)
    page, watch = open_page(width=width, theme=theme)
    watch.expected.append("422")
    page.goto(link_of(metered.app, metered.client_id))
    expect(page.locator(".note")).to_contain_text("84% of your included AI replies are used")
    expect(page.locator(".note")).to_contain_text("After that: further AI replies cost US$0.004 each.")
    assert_good(page)
    metered.uses(23_900)
    page.reload()
    expect(page.locator(".note")).to_contain_text("3,900 extra AI replies so far: about US$15.60")
    page.get_by_role("link", name="See details").first.click()
    expect(page.locator(".stat")).to_have_text("US$15.60")
    assert_good(page)

    page.get_by_role("link", name="Set a spending cap").click()
    page.get_by_label("Stop at a number that you choose").check()
    page.get_by_label("AI replies per billing period").fill("22,000")
    page.get_by_role("button", name="Save spending cap").click()
    expect(page.get_by_text("You have already used 23,900 in this period. Enter 23,900 or more.")).to_be_visible()
    page.get_by_label("AI replies per billing period").fill("30,000")
    expect(page.locator("#cap-quote")).to_contain_text("US$40.00")
    expect(page.locator("#cap-quote")).to_contain_text("US$89.00 before tax")
    assert_good(page)
    page.get_by_role("button", name="Save spending cap").click()
    expect(page.get_by_text("US$15.60 of US$40.00 spent.")).to_be_visible()

    metered.uses(30_000, cap=30_000)
    page.goto("/portal/billing")
    expect(page.locator(".note")).to_contain_text("Your spending cap of US$40.00 is reached")
    assert_good(page)
    assert subjects(metered.client_id) == [
        "84% of your included AI replies are used",
        "3,900 extra AI replies so far: about US$15.60",
        "Your spending cap of US$40.00 is reached",
    ]


@pytest.mark.parametrize(
    ("reaction", "read"),
    [
        (
            "block",
            ["84% of your contacts are used", "You have reached 5,000 contacts", "You have 200 contacts more than"],
        ),
        (
            "warn",
            ["84% of your contacts are used", "You have used all 5,000 contacts", "You have 200 contacts more than"],
        ),
    ],
)
def test_a_client_nears_reaches_and_passes_a_limit(
    app: Flask, owner: Staff, session: Session, open_page: OpenPage, *, reaction: Reaction, read: list[str]
) -> None:
    contacts = resource_id(session, "contacts")
    client_id = limited_client(owner.id, {contacts: Limit(5000, reaction)})
    with transaction() as writing:
        given = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "billing@northwind.example"}
        writing.add(MailSettings(**given, updated_at=clock.now()))
    page, _ = open_page(width=PHONE)
    staff, _ = open_page()
    sign_in(staff)
    for used, title in zip((4210, 5000, 5200), read, strict=True):
        uses(client_id, contacts, used)
        look()
        page.goto(link_of(app, client_id))
        expect(page.locator(".note strong")).to_contain_text(title)
        staff.goto(f"/saas/clients/{client_id}")
        expect(staff.locator(".note strong")).to_contain_text("Harbor Dental")
    assert_good(page)
    assert_good(staff)
    assert [subject[: len(title)] for subject, title in zip(subjects(client_id), read, strict=True)] == read


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_staff_see_who_uses_what(
    metered: Metered, owner: Staff, session: Session, open_page: OpenPage, *, width: int, theme: Theme
) -> None:
    fill(metered, owner, resource_id(session, "contacts"))
    page, _ = open_page(width=width, theme=theme)
    sign_in(page)
    page.goto("/saas/usage")
    expect(page.get_by_role("heading", name="Near or over a limit")).to_be_visible()
    assert_good(page)
    page.get_by_role("link", name="AI replies", exact=True).first.click()
    expect(page.get_by_role("heading", name="Clients by use")).to_be_visible()
    page.get_by_text("Show as a table").click()
    assert_good(page)
    page.get_by_role("link", name="Harbor Dental").first.click()
    expect(page.get_by_role("heading", name="In this period")).to_be_visible()
    assert_good(page)


def fill(metered: Metered, owner: Staff, contacts: int) -> None:
    """Some clients with a month behind them, one with a very long name."""
    today = clock.now().date()
    front, web = add_workspace(metered.client_id), add_workspace(metered.client_id, "Website chat", "hd-web")
    days = {today - timedelta(days=back): 900 + back % 7 * 60 for back in range(20)}
    add_days(metered.client_id, metered.replies, days, front)
    add_days(metered.client_id, metered.replies, {day: used // 3 for day, used in days.items()}, web)
    long = limited_client(owner.id, {contacts: Limit(25_000)}, LONG, "Scale")
    add_days(long, contacts, {today - timedelta(days=back): 24_310 - 90 * back for back in range(20)})
    uses(long, contacts, 24_310)
    bloom = limited_client(owner.id, {contacts: Limit(1000)}, "Bloom & Co", "Starter")
    add_days(bloom, contacts, {today - timedelta(days=back): 900 + 5 * back for back in range(20)})
    uses(bloom, contacts, 1000)
    with transaction() as session:
        session.add(UsagePool(mode="test", resource_id=contacts, ceiling=26_000))
    metered.uses(23_900)
    usage_jobs.count_usage_of_earlier_days(current_portal())
