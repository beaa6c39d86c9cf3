"""Prices: what a typed Price ID means, every refusal in its own words, and the list to pick from."""

from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.models import Resource
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.pages import PARTIAL, Visitor, text_of
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

RESOLVE = "/saas/prices/resolve"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@pytest.fixture
def connected(app: Flask, signed_in: Visitor, stripe_account: SandboxAccount, shop: Catalog) -> Visitor:
    """Signed in, with the account connected in test mode and read, before a test adds to it."""
    connect(app, signed_in, stripe_account.test_key)
    return signed_in


def resolved(visitor: Visitor, text: str, **more: object) -> str:
    answer = visitor.get(RESOLVE, query_string={"text": text, **more}, headers=PARTIAL)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return unescape(text_of(answer))


def test_a_price_id_becomes_a_card_even_before_the_portal_heard_of_the_price(connected: Visitor, shop: Catalog) -> None:
    price_id = shop.price(lookup_key="growth_monthly", nickname="Standard")

    words = resolved(connected, f"  {price_id}\n")

    assert "US$29.00 a month Flat rate Growth · Standard · Lookup key growth_monthly · Test mode" in words


def test_a_lookup_key_means_the_price_that_has_it(connected: Visitor, shop: Catalog) -> None:
    shop.price(lookup_key="growth_monthly")
    assert "US$29.00 a month" in resolved(connected, "growth_monthly")


def test_a_lookup_key_that_looks_like_a_price_id_means_its_price(
    app: Flask, signed_in: Visitor, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    shop.price(lookup_key="price_monthly")
    connect(app, signed_in, stripe_account.test_key)
    assert "US$29.00 a month" in resolved(signed_in, "price_monthly")


def test_an_address_of_the_dashboard_means_the_price_in_it(connected: Visitor, shop: Catalog) -> None:
    price_id = shop.price()
    address = f"https://dashboard.stripe.com/acct_1/test/prices/{price_id}?tab=overview"
    assert "US$29.00 a month" in resolved(connected, address)


def test_an_empty_field_says_nothing(connected: Visitor) -> None:
    assert resolved(connected, " ") == ""


def test_the_card_of_volume_tiers_shows_them_and_warns_where_one_more_is_cheaper(
    connected: Visitor, shop: Catalog
) -> None:
    tiers = [{"up_to": 1000, "unit_amount": 2}, {"up_to": "inf", "unit_amount": 1}]
    words = resolved(connected, shop.tiered("volume", tiers), units="contacts")

    assert "From US$0.02 a month, by number of contacts Tiered · Volume" in words
    assert "Contacts Price each Flat fee 1 to 1,000 US$0.02 – from 1,001 US$0.01 –" in words
    assert "1,001 contacts cost US$10.01, less than 1,000, which cost US$20.00." in words


def test_a_card_counts_what_its_row_of_the_plan_is_for(connected: Visitor, shop: Catalog, session: Session) -> None:
    contacts = session.scalars(select(Resource).where(Resource.key == "contacts")).one()
    price_id = shop.tiered("volume", [{"up_to": 10, "unit_amount": 5}, {"up_to": "inf", "unit_amount": 4}])

    assert "by number of contacts" in resolved(connected, price_id, use=f"quantity:{contacts.id}")
    assert "by number of contacts" not in resolved(connected, price_id, use="flat")
    assert "by number of" in resolved(connected, price_id, use="quantity:x")


def test_the_card_of_graduated_tiers_names_what_is_included(connected: Visitor, shop: Catalog) -> None:
    tiers = [
        {"up_to": 5, "unit_amount": 0},
        {"up_to": "inf", "unit_amount_decimal": "0.4", "flat_amount": 500},
    ]
    words = resolved(connected, shop.tiered("graduated", tiers), units="contacts")

    assert "1 to 5 Included – from 6 US$0.004 US$5.00" in words
    assert "Each tier prices only the contacts inside it" in words
    assert "less than" not in words


def test_the_card_of_a_metered_price_names_its_meter(connected: Visitor, shop: Catalog) -> None:
    words = resolved(connected, shop.metered(shop.meter(), unit_amount=3))
    assert "US$0.03 a month for each of the messages sent, by use Usage-based · Per unit" in words
    assert "Meter messages_sent" in words


def test_the_card_shows_the_other_currencies(connected: Visitor, shop: Catalog) -> None:
    price_id = shop.price(currency_options={"eur": {"unit_amount": 2700}, "jpy": {"unit_amount": 4300}})
    assert "Also: €27.00 a month JP¥4,300 a month" in resolved(connected, price_id)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("prod_QxT8h2KLmN4f", "This is a product ID. A product can have several prices"),
        ("https://dashboard.stripe.com/products/prod_QxT8h2KLmN4f", "This address leads to a product"),
        ("https://example.com/pricing", "This is a web address without a Price ID in it."),
        ("sk_test_51abcdefgh", "This is a secret key. Keep it out of this field."),
        ("mtr_test_61abcdefgh", "This is a meter ID."),
        ("price_1NobodyKnowsThis", "Harbor Dental has no price with this ID in test mode."),
        ("no_such_key", "No price in test mode has the lookup key “no_such_key”."),
        ("x" * 201, "This is too long for a lookup key."),
    ],
)
def test_what_is_no_price_of_the_account_is_refused_in_plain_words(connected: Visitor, typed: str, words: str) -> None:
    assert words in resolved(connected, typed)


def test_a_price_of_the_other_mode_asks_for_its_twin(
    connected: Visitor, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    live = catalog(sandbox, stripe_account, "live").price()
    assert "This price exists in live mode; paste its test twin." in resolved(connected, live)


def test_the_twin_is_named_where_both_modes_are_connected(
    app: Flask, connected: Visitor, sandbox: Sandbox, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    twin = shop.price(lookup_key="growth_monthly")
    live = catalog(sandbox, stripe_account, "live").price(lookup_key="growth_monthly")
    resolved(connected, twin)
    connect(app, connected, stripe_account.live_key)
    connected.submit("/mode", {"mode": "test"})

    words = resolved(connected, live)

    assert f"This price exists in live mode; paste its test twin. {twin} has the same lookup key." in words


def test_a_price_of_an_account_that_was_disconnected_names_that_account(
    app: Flask, connected: Visitor, sandbox: Sandbox, shop: Catalog
) -> None:
    price_id = shop.price()
    resolved(connected, price_id)
    connected.swap("/saas/payment-processor/disconnection")
    connect(app, connected, new_account(sandbox, "Lake Clinic").test_key)

    assert "This price belongs to Harbor Dental, but Lake Clinic is connected." in resolved(connected, price_id)


def test_an_archived_price_is_refused(connected: Visitor, shop: Catalog) -> None:
    assert "This price is archived." in resolved(connected, shop.price(active=False))


def test_a_one_time_price_is_refused(connected: Visitor, shop: Catalog) -> None:
    assert "This is a one-time price." in resolved(connected, shop.price(recurring=None))


def test_a_price_whose_amount_the_customer_chooses_is_refused(connected: Visitor, shop: Catalog) -> None:
    price_id = shop.price(recurring=None, custom_unit_amount={"enabled": True})
    assert "Customers choose the amount of this price themselves." in resolved(connected, price_id)


def test_a_price_of_an_archived_product_is_refused(connected: Visitor, shop: Catalog) -> None:
    product = shop.product("Old plan")
    price_id = shop.price(product=product)
    shop.client.v1.products.update(product, params={"active": False})
    assert "The product of this price, Old plan, is archived." in resolved(connected, price_id)


def test_a_price_of_an_inactive_meter_is_refused(connected: Visitor, shop: Catalog) -> None:
    meter = shop.meter()
    price_id = shop.metered(meter)
    shop.client.v1.billing.meters.deactivate(meter)
    assert "The meter of this price, Messages sent, is inactive" in resolved(connected, price_id)


def test_a_price_in_another_currency_than_the_plans_others_is_refused(connected: Visitor, shop: Catalog) -> None:
    price_id = shop.price(currency="eur")
    words = resolved(connected, price_id, currency="usd")
    assert "This price is in EUR, the plan's other prices are in USD." in words
    assert "€29.00 a month" in resolved(connected, price_id, currency="eur")


def test_a_price_that_is_held_already_is_shown_without_asking_stripe(
    app: Flask, signed_in: Visitor, sandbox: Sandbox, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    price_id = shop.price()
    connect(app, signed_in, stripe_account.test_key)
    sandbox.control("requests", verb="DELETE")

    assert "US$29.00 a month" in resolved(signed_in, price_id)
    assert sandbox.control("requests")["requests"] == []


def test_a_price_is_refused_only_as_it_is_now_at_stripe(
    app: Flask, signed_in: Visitor, sandbox: Sandbox, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    meter = shop.meter()
    price_id = shop.metered(meter, active=False)
    product = str(shop.client.v1.prices.retrieve(price_id).product)
    shop.client.v1.products.update(product, params={"active": False})
    shop.client.v1.billing.meters.deactivate(meter)
    connect(app, signed_in, stripe_account.test_key)
    sandbox.control("faults", kind="500")
    assert "This price is archived." in resolved(signed_in, price_id)
    sandbox.control("faults", verb="DELETE")

    shop.client.v1.prices.update(price_id, params={"active": True})
    shop.client.v1.products.update(product, params={"active": True})
    shop.client.v1.billing.meters.reactivate(meter)

    assert "US$29.00 a month" in resolved(signed_in, price_id)


def test_when_stripe_does_not_answer_an_unknown_price_says_so(connected: Visitor, sandbox: Sandbox) -> None:
    sandbox.control("faults", path_prefix="/v1/prices", kind="500", count=9)
    assert "Stripe could not be asked about this price" in resolved(connected, "price_1Unknown")


def test_without_an_account_the_field_says_where_to_connect_one(signed_in: Visitor) -> None:
    assert "No Stripe account is connected in test mode." in resolved(signed_in, "price_1Unknown")


def test_strangers_learn_nothing_of_prices(client: Visitor) -> None:
    assert client.get(f"{RESOLVE}?text=price_1").status_code == 303
