"""Create in Stripe: what the form takes and refuses, and that a double click makes one price."""

import re
from html import unescape
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.prices.pricing import amount
from billingportal.domain.prices.terms import terms_of
from billingportal.models import AuditEntry, Plan, PlanPrice, Price
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.pages import PARTIAL, Visitor, text_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PRICES = "/saas/prices"
TOKEN = "a-token-that-only-this-form-has"
FLAT = {
    "token": TOKEN,
    "product": "new",
    "name": "Growth",
    "usage": "licensed",
    "model": "per_unit",
    "currency": "usd",
    "amount": "29.00",
    "interval": "month",
    "interval_count": "1",
    "tax_behavior": "unspecified",
}
TIERS = {
    "tiers-0-up_to": "1,000",
    "tiers-0-unit_amount": "",
    "tiers-0-flat_amount": "10",
    "tiers-1-up_to": "",
    "tiers-1-unit_amount": "0.005",
    "tiers-1-flat_amount": "",
}
METER = {
    "usage": "metered",
    "meter": "new",
    "meter_name": "Messages sent",
    "event_name": "messages_sent",
    "aggregation": "sum",
}


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@pytest.fixture
def connected(app: Flask, signed_in: Visitor, stripe_account: SandboxAccount) -> Visitor:
    connect(app, signed_in, stripe_account.test_key)
    return signed_in


def prices(session: Session) -> list[Price]:
    session.rollback()
    return list(session.scalars(select(Price).order_by(Price.id)))


def value_in(page: str, name: str) -> str:
    """What stands in an input of the page."""
    (tag,) = re.findall(f'<input[^>]*name="{name}"[^>]*>', page)
    found = re.search('value="([^"]*)"', tag)
    assert found is not None
    return unescape(found[1])


def created(visitor: Visitor, session: Session, **answers: str) -> Price:
    """Send the form; the price that came of it."""
    answer = visitor.submit(PRICES, {**FLAT, **answers})
    assert answer.status_code == 303, unescape(text_of(answer))
    (price,) = prices(session)
    assert answer.location == f"/saas/prices?q={price.stripe_price_id}"
    return price


def refused(visitor: Visitor, **answers: str) -> str:
    """Send the form; what it says then."""
    answer = visitor.swap(PRICES, {**FLAT, **answers})
    assert answer.status_code == 422
    assert 'id="new-price"' in answer.text
    assert "<html" not in answer.text
    return unescape(text_of(answer))


def test_the_form_asks_what_stripe_asks(connected: Visitor, shop: Catalog) -> None:
    page = unescape(text_of(connected.get(f"{PRICES}/new")))
    for question in ("Name", "Description", "Pricing model", "Currency", "Amount", "Billed every", "Meter", "Tax"):
        assert question in page


def test_a_flat_price_of_a_new_product(
    connected: Visitor, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    price = created(connected, session, description="All you need", lookup_key="growth_monthly")

    assert (price.currency, price.interval, price.usage_type) == ("usd", "month", "licensed")
    assert price.unit_amount_decimal == 2900
    assert price.lookup_key == "growth_monthly"
    (product,) = sandbox.objects(stripe_account.id, "test", "product")
    assert (product["name"], product["description"]) == ("Growth", "All you need")
    assert "US$29.00 a month" in text_of(connected.get(PRICES))


def test_a_price_of_a_product_that_is_there(
    app: Flask, signed_in: Visitor, session: Session, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    product = shop.product("Scale")
    connect(app, signed_in, stripe_account.test_key)

    price = created(signed_in, session, product=product, name="", interval="year")

    assert price.stripe_product_id == product
    assert "Scale" in text_of(signed_in.get(f"{PRICES}/new"))


@pytest.mark.parametrize(("model", "of_1001"), [("volume", 501), ("graduated", 1001)])
def test_tiered_prices(connected: Visitor, session: Session, model: str, of_1001: int) -> None:
    price = created(connected, session, model=model, amount="", **TIERS)
    assert amount(terms_of(price), 1001).minor == of_1001


def test_a_package_price(connected: Visitor, session: Session) -> None:
    price = created(connected, session, model="package", package_size="1000", package_rounding="down")
    assert (price.package_size, price.package_round) == (1000, "down")


def test_a_metered_price_with_a_meter_of_its_own(
    connected: Visitor, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    price = created(connected, session, amount="0.004", **METER)

    (meter,) = sandbox.objects(stripe_account.id, "test", "billing.meter")
    assert (price.usage_type, price.stripe_meter_id) == ("metered", meter["id"])
    assert (meter["event_name"], meter["default_aggregation"]["formula"]) == ("messages_sent", "sum")
    assert "Messages sent" in text_of(connected.get(f"{PRICES}/new"))


def test_amounts_are_in_the_coins_of_the_currency(connected: Visitor, session: Session) -> None:
    assert created(connected, session, currency="jpy", amount="4300").unit_amount_decimal == 4300


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"amount": "29,00"}, "Use a point before the decimals"),
        (METER | {"meter": "mtr_unknown"}, "Choose one of the active meters, or a new one."),
        ({"product": "prod_unknown"}, "Choose one of the active products, or a new one."),
    ],
)
def test_what_stripe_would_refuse_is_refused_before_it_is_asked(
    connected: Visitor, session: Session, sandbox: Sandbox, answers: dict[str, str], words: str
) -> None:
    sandbox.control("requests", verb="DELETE")

    assert words in refused(connected, **answers)
    assert sandbox.control("requests")["requests"] == []
    assert prices(session) == []


def test_all_mistakes_are_shown_at_once(connected: Visitor) -> None:
    words = refused(connected, name="", amount="", interval_count="x")
    assert "Give the product a name." in words
    assert "Type an amount" in words
    assert "Type a whole number" in words


def test_a_mistake_in_the_table_stands_in_its_cell_with_what_was_typed(connected: Visitor) -> None:
    rows = {
        **TIERS,
        "tiers-1-up_to": "500",
        "tiers-1-unit_amount": "0.5",
        "tiers-2-up_to": "",
        "tiers-2-unit_amount": "abc",
    }
    answer = connected.swap(PRICES, {**FLAT, "model": "graduated", **rows})

    assert answer.status_code == 422
    assert "Each tier ends higher than the one before, so after 1,000." in text_of(answer)
    assert 'id="tiers-1-up_to-help"' in answer.text
    assert value_in(answer.text, "tiers-2-unit_amount") == "abc"


def test_rows_come_and_go_without_losing_what_was_typed(connected: Visitor) -> None:
    typed = {**FLAT, **TIERS, "name": "Half typed", "model": "volume"}

    more = connected.swap(f"{PRICES}/tiers", {**typed, "row": "add"}).text
    assert value_in(more, "tiers-0-up_to") == "1,000"
    assert value_in(more, "tiers-1-up_to") == ""
    assert value_in(more, "tiers-2-unit_amount") == "0.005"
    assert 'value="Half typed"' in more
    assert TOKEN in more

    less = connected.swap(f"{PRICES}/tiers", {**typed, "row": "0"}).text
    assert value_in(less, "tiers-0-unit_amount") == "0.005"
    assert "tiers-1-" not in less


def test_rows_come_without_javascript_too(connected: Visitor) -> None:
    page = connected.submit(f"{PRICES}/tiers", {**FLAT, **TIERS, "row": "add"})
    assert page.status_code == 200
    assert "<html" in page.text
    assert 'name="tiers-2-up_to"' in page.text


def test_a_form_sent_twice_makes_one_price(
    connected: Visitor, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    answers = {**FLAT, **METER, "lookup_key": "growth_monthly"}
    first, second = connected.submit(PRICES, answers), connected.submit(PRICES, answers)

    assert first.location == second.location
    assert len(prices(session)) == 1
    for kind in ("price", "product", "billing.meter"):
        assert len(sandbox.objects(stripe_account.id, "test", kind)) == 1
    assert len(created_entries(session)) == 1


def created_entries(session: Session) -> list[AuditEntry]:
    session.rollback()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == "price.created")))


def test_two_tabs_that_send_the_same_form_at_the_same_moment_make_one_price(
    app: Flask, connected: Visitor, owner: Staff, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    answers = {**FLAT, **METER, "lookup_key": "growth_monthly"}
    locations: list[str | None] = []

    def send() -> None:
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        visitor.become(owner)
        locations.append(visitor.submit(PRICES, answers).location)

    threads = [Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (price,) = prices(session)
    assert set(locations) == {f"/saas/prices?q={price.stripe_price_id}"}
    assert len(sandbox.objects(stripe_account.id, "test", "price")) == 1
    assert len(created_entries(session)) == 1


def test_an_answer_that_was_lost_is_made_good_by_sending_the_form_again(
    connected: Visitor, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    sandbox.control("faults", kind="drop", path_prefix="/v1/prices", method="POST", count=2, applied=True)
    assert "Press Create again: nothing is made twice." in refused(connected)

    created(connected, session)

    assert len(sandbox.objects(stripe_account.id, "test", "price")) == 1
    assert len(sandbox.objects(stripe_account.id, "test", "product")) == 1


def test_a_lookup_key_that_another_price_has_is_moved_only_when_asked_to(
    app: Flask, signed_in: Visitor, session: Session, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    holder = shop.price(lookup_key="growth_monthly")
    connect(app, signed_in, stripe_account.test_key)
    assert f"{holder} has this lookup key." in refused(signed_in, lookup_key="growth_monthly")

    signed_in.submit(PRICES, {**FLAT, "lookup_key": "growth_monthly", "moves_lookup_key": "y"})

    assert prices(session)[-1].lookup_key == "growth_monthly"
    assert shop.client.v1.prices.retrieve(holder).lookup_key is None


def test_what_stripe_refuses_is_told_in_its_words(connected: Visitor, session: Session, shop: Catalog) -> None:
    shop.meter("messages_sent")
    assert "Stripe refused this: A meter" in refused(connected, **METER)
    assert prices(session) == []


def test_the_field_that_asked_for_the_price_gets_its_id(connected: Visitor, session: Session) -> None:
    answer = connected.swap(PRICES, {**FLAT, "into": "price-0"})

    (price,) = prices(session)
    assert answer.status_code == 200
    assert price.stripe_price_id in answer.text
    assert (
        answer.headers["HX-Trigger"] == f'{{"price-chosen": {{"into": "price-0", "price": "{price.stripe_price_id}"}}}}'
    )


def test_a_price_that_a_plan_asked_for_is_linked_to_it_at_once(connected: Visitor, session: Session) -> None:
    moment = now()
    with transaction() as writing:
        plan = Plan(key="growth", name="Growth", position=0, created_at=moment, updated_at=moment)
        writing.add(plan)
        writing.flush()
        plan_id = plan.id
    answers = {**FLAT, "plan": str(plan_id), "role": "flat"}

    first, second = connected.submit(PRICES, answers), connected.submit(PRICES, answers)

    assert first.location == second.location == f"/saas/plans/{plan_id}/edit"
    assert "It is linked to Growth." in text_of(connected.get(first.location))
    (price,) = prices(session)
    linked = session.scalars(select(PlanPrice)).all()
    assert [(row.plan_id, row.stripe_price_id, row.role) for row in linked] == [
        (plan_id, price.stripe_price_id, "flat")
    ]


def test_a_price_that_does_not_fit_its_plan_is_created_all_the_same_and_says_why_it_is_not_linked(
    connected: Visitor, session: Session
) -> None:
    answer = connected.submit(PRICES, {**FLAT, "plan": "7", "role": "flat"})
    assert answer.status_code == 303
    assert len(prices(session)) == 1
    assert "It could not be linked: There is no such plan." in text_of(connected.get(PRICES))


def test_without_an_account_nothing_is_made(signed_in: Visitor) -> None:
    assert "No Stripe account is connected in test mode" in text_of(signed_in.get(f"{PRICES}/new"))
    assert "No Stripe account is connected in test mode" in refused(signed_in)


def test_a_viewer_may_not_create(viewer: Visitor) -> None:
    assert viewer.get(f"{PRICES}/new").status_code == 403
    assert viewer.submit(PRICES, FLAT).status_code == 403
    assert viewer.submit(f"{PRICES}/tiers", FLAT).status_code == 403


def test_the_picker_finds_by_every_word(
    app: Flask, signed_in: Visitor, shop: Catalog, stripe_account: SandboxAccount
) -> None:
    shop.price(product=shop.product("Growth"), lookup_key="growth_monthly")
    shop.price(product=shop.product("Growth"), recurring={"interval": "year"}, nickname="Yearly 100%")
    shop.price(product=shop.product("Archived"), active=False)
    shop.price(recurring=None)
    connect(app, signed_in, stripe_account.test_key)

    def found(words: str, **more: str) -> str:
        return text_of(signed_in.get(PRICES, query_string={"q": words, **more}, headers=PARTIAL))

    assert "a month" in found("")
    assert "a year" in found("")
    assert "Archived" not in found("")
    assert "a year" not in found("GROWTH monthly")
    assert "a month" not in found("growth 100%")
    assert "No price has “nothing of the kind”" in found("nothing of the kind")
    assert "Use this price : Growth, US$29.00 a month" in found("monthly", into="price-0")
    assert "Use this price" not in found("monthly")
