"""A business that runs at Stripe already connects the portal and takes its customers over, on a fresh portal."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESK, PHONE, Watch, assert_accessible, assert_no_sideways_scroll, settle
from tests.support.people.newcomer import CHECK, Running, expect_registered, save

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["postgres"], indirect=True)]


@dataclass(frozen=True)
class Business:
    """What was at Stripe before: two who pay the same price, and one who pays another."""

    price: str
    harbor: str
    vela: str
    nova: str


def business(running: Running) -> Business:
    stripe = running.sandbox.client(running.keys["test"])
    product = stripe.v1.products.create(params={"name": "Growth"})
    prices = [
        stripe.v1.prices.create(
            params={
                "product": product.id,
                "currency": "usd",
                "unit_amount": amount,
                "recurring": {"interval": "month"},
            }
        ).id
        for amount in (4900, 900)
    ]

    def customer(name: str, price: str) -> str:
        made = stripe.v1.customers.create(
            params={
                "name": name,
                "email": f"Office@{name.split(maxsplit=1)[0].lower()}.example",
                "payment_method": "pm_card_visa",
                "invoice_settings": {"default_payment_method": "pm_card_visa"},
            }
        )
        stripe.v1.subscriptions.create(params={"customer": made.id, "items": [{"price": price}]})
        return made.id

    return Business(
        prices[0],
        customer("Harbor Dental", prices[0]),
        customer("Vela Studio", prices[0]),
        customer("Nova Clinic", prices[1]),
    )


def make_plan(page: Page, price: str) -> None:
    """A plan of a price, active."""
    page.goto("/saas/plans/new")
    page.get_by_label("Plan name").fill("Growth")
    page.locator("#price-0").fill(price)
    expect(page.locator("#price-0-card")).to_contain_text("US$49.00 a month", timeout=CHECK)
    page.get_by_role("button", name="Save plan").click()
    row = page.locator("#plan-list tr", has_text="Growth")
    expect(row).to_be_visible(timeout=CHECK)
    row.get_by_role("button", name="Actions for Growth").click()
    page.get_by_role("button", name="Activate", exact=True).locator("visible=true").click()
    settle(page)


def look(page: Page) -> None:
    """Nothing is wrong with the page, wide or narrow."""
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 844})
        assert_no_sideways_scroll(page)
        assert_accessible(page)


def test_running_subscriptions_are_adopted(visit: tuple[Page, Watch], running: Running) -> None:
    page, watch = visit
    watch.expected = ["status of 422"]
    at_stripe = business(running)
    save(page, running.keys["test"])
    expect_registered(page)

    page.reload()
    expect(page.locator("#unowned")).to_contain_text("3 customers in Stripe belong to no client")
    page.get_by_role("link", name="Link them, or make clients of them").click()
    harbor = page.locator(f"#{at_stripe.harbor}")
    expect(harbor).to_contain_text("US$49.00 a month")
    expect(harbor).to_contain_text("No plan here has this price.")
    look(page)

    # Somebody typed one of them in by hand before.
    page.goto("/saas/clients/new")
    page.get_by_label("Business name").fill("Harbor Dental Ltd")
    page.get_by_label("Email").fill("office@harbor.example")
    page.get_by_role("button", name="Add client").click()
    expect(page.get_by_role("heading", level=1, name="Harbor Dental Ltd")).to_be_visible()
    make_plan(page, at_stripe.price)

    page.goto("/saas/clients/adoption")
    expect(harbor).to_contain_text("Growth")
    expect(harbor).to_contain_text("has the same email address")
    harbor.get_by_role("button", name="Link to Harbor Dental Ltd").click()
    expect(page.locator("#toasts")).to_contain_text("is Harbor Dental Ltd now.")
    expect(harbor).to_have_count(0)

    nova = page.locator(f"#{at_stripe.nova}")
    nova.get_by_role("button", name="Actions for Nova Clinic").click()
    page.get_by_role("button", name="Not ours").locator("visible=true").click()
    expect(nova).to_have_count(0)
    page.get_by_role("button", name="Make 1 client", exact=True).click()
    expect(page.locator("#adoption")).to_contain_text("Every customer belongs to a client")
    look(page)

    page.get_by_role("link", name="Not ours: 1 customer").click()
    expect(page.locator(f"#{at_stripe.nova}")).to_contain_text("US$9.00 a month")
    look(page)
    page.get_by_role("button", name="Take back Nova Clinic").click()
    expect(page.locator("#adoption")).to_contain_text("Nobody is left alone")
    page.get_by_role("link", name="Customers without a client").last.click()
    nova.get_by_role("button", name="Actions for Nova Clinic").click()
    page.get_by_role("link", name="Choose or make a client").click()
    look(page)
    page.get_by_label("First workspace").fill("Front desk")
    page.get_by_role("button", name="Make a client").click()
    expect(page.locator("#toasts")).to_contain_text("Nova Clinic is a client now.")

    page.goto("/saas/clients")
    expect(page.locator("#unowned")).to_have_count(0)
    for name in ("Harbor Dental Ltd", "Vela Studio"):
        row = page.locator("#client-list tr", has_text=name)
        expect(row).to_contain_text("Growth")
        expect(row).to_contain_text("Active")
    page.get_by_role("link", name="Harbor Dental Ltd").click()
    expect(page.locator("#subscription")).to_contain_text(at_stripe.harbor)
    expect(page.locator("#invoices")).to_contain_text("US$49.00")
