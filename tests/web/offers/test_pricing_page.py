"""The public pricing page: what a stranger reads there, in which address, and what the answer carries."""

import re
from html import unescape
from typing import cast

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.models import Plan, Price, SellingMode
from billingportal.models.auth.staff import Staff
from billingportal.plain_json import JsonObject
from tests.support.catalog.showcase import add_branding, furnish, sell_live
from tests.support.pages import Visitor, markup_of, text_of

PAGE = "/portal/pricing"


@pytest.fixture
def plans(app: Flask, owner: Staff) -> dict[str, int]:
    return furnish(app, owner.id)


def card(page: str, plan_id: int) -> str:
    """What the card of one plan says, all periods after each other."""
    found = re.search(rf'<section[^>]* id="plan-{plan_id}".*?</section>', page, flags=re.S)
    assert found is not None, plan_id
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found.group())).split())


def links(page: str, plan_id: int) -> list[str]:
    found = re.findall(r'href="(/portal/sign-up\?[^"]*)"', page)
    return [unescape(link) for link in found if f"plan={plan_id}&" in unescape(link) + "&"]


def test_active_plans_stand_in_their_order(client: Visitor, plans: dict[str, int]) -> None:
    page = client.get(PAGE).text
    assert re.findall(r'id="plan-\d+-name">([^<]+)', page) == list(plans)


def test_drafts_and_archived_plans_are_not_shown(client: Visitor, plans: dict[str, int], session: Session) -> None:
    with transaction() as writing:
        writing.get_one(Plan, plans["Scale"]).state = "draft"
        writing.get_one(Plan, plans["Enterprise"]).state = "archived"
    page = client.get(PAGE).text
    assert "Scale" not in page
    assert "Enterprise" not in page


def test_a_flat_plan_has_a_price_for_each_period_and_the_saving(client: Visitor, plans: dict[str, int]) -> None:
    page = client.get(PAGE)
    words = card(page.text, plans["Growth"])
    assert "US$29.00 a month US$290.00 a year Save 16%" in words
    assert "Monthly Yearly Save 16%" in text_of(page)


def test_the_featured_plan_is_most_popular_with_the_filled_button(client: Visitor, plans: dict[str, int]) -> None:
    page = markup_of(client.get(PAGE))
    assert card(page, plans["Growth"]).startswith("Most Popular Growth")
    assert page.count("Most Popular") == 1
    assert re.findall(r'class="btn btn-lg w-100 btn-primary[^>]*>([^<]+)', page) == ["Choose Growth"] * 2


def test_quotas_features_and_the_trial_are_said_in_words(client: Visitor, plans: dict[str, int]) -> None:
    page = client.get(PAGE).text
    growth = card(page, plans["Growth"])
    assert "5,000 contacts" in growth
    assert "10 channels" in growth
    assert "Unlimited team members" in growth
    assert "Broadcasts Priority support" in growth
    assert "14 days free for new clients, no card needed" in growth
    assert "No team members" in card(page, plans["Free"])


def test_tiers_are_folded_out_with_how_to_read_them(client: Visitor, plans: dict[str, int]) -> None:
    words = card(client.get(PAGE).text, plans["By contacts"])
    assert "1 to 1,000 US$10.00 1,001 to 5,000 US$25.00 from 5,001 US$0.004 each" in words
    assert "One tier prices all contacts" in words


def test_use_is_said_beside_the_amount(client: Visitor, plans: dict[str, int]) -> None:
    assert "Plus US$0.002 a month for each contact, by use" in card(client.get(PAGE).text, plans["Scale"])


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        ("1", "US$10.00 a month for 1 contact"),
        ("1000", "US$10.00 a month for 1,000 contacts"),
        ("1001", "US$25.00 a month for 1,001 contacts"),
        ("5,000", "US$25.00 a month for 5,000 contacts"),
        ("5001", "US$20.00 a month for 5,001 contacts"),
        ("8000", "US$32.00 a month for 8,000 contacts"),
        ("10000000", "US$40,000.00 a month for 10,000,000 contacts"),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_quantity_is_priced_by_a_plain_get(client: Visitor, plans: dict[str, int], asked: str, amount: str) -> None:
    plan_id = plans["By contacts"]
    by_form = client.get(PAGE, query_string={f"quantity.{plan_id}.contacts": asked})
    by_link = client.get(PAGE, query_string={"plan": plan_id, "quantity": asked})
    assert amount in card(by_form.text, plan_id)
    assert amount in card(by_link.text, plan_id)


@pytest.mark.parametrize("asked", ["0", "-5", "many", "1.5", "10000001", "٣", "9" * 400, "<b>"])
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_is_no_quantity_is_refused_at_its_field(client: Visitor, plans: dict[str, int], asked: str) -> None:
    plan_id = plans["By contacts"]
    page = client.get(PAGE, query_string={f"quantity.{plan_id}.contacts": asked})
    assert page.status_code == 200
    assert "Write a whole number from 1 to 10,000,000. The price is for 1,000." in card(page.text, plan_id)
    assert "US$10.00 a month for 1,000 contacts" in card(page.text, plan_id)
    assert "<b>" not in page.text


def test_the_currency_is_switched_where_all_plans_have_it(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    page = client.get(PAGE, query_string={"currency": "eur"}).text
    assert re.findall(r'<option value="(\w+)"( selected)?', page) == [("usd", ""), ("eur", " selected")]
    assert "€27.00 a month €270.00 a year" in card(page, plans["Growth"])
    assert "US$29.00" in card(client.get(PAGE, query_string={"currency": "jpy"}).text, plans["Growth"])
    with transaction() as writing:
        price = writing.query(Price).where(Price.stripe_price_id == "scale_year").one()
        price.currency_options = {}
    page = client.get(PAGE, query_string={"currency": "eur"}).text
    assert "<option" not in page
    assert "US$29.00" in card(page, plans["Growth"])


def test_the_interval_of_a_link_is_the_one_that_is_shown(client: Visitor, plans: dict[str, int]) -> None:
    assert 'value="year" id="period-1" checked' in markup_of(client.get(PAGE, query_string={"interval": "year"}))
    for other in ({}, {"interval": "fortnight"}):
        assert 'value="month" id="period-0" checked' in markup_of(client.get(PAGE, query_string=other))


def test_a_plan_without_the_chosen_period_says_how_it_is_sold(client: Visitor, plans: dict[str, int]) -> None:
    assert "Sold by the month only." in card(client.get(PAGE).text, plans["By contacts"])


def test_the_plan_of_a_link_is_marked(client: Visitor, plans: dict[str, int]) -> None:
    page = markup_of(client.get(PAGE, query_string={"plan": plans["Scale"]}))
    assert re.findall(r'class="card plan-card is-chosen" id="plan-(\d+)"', page) == [str(plans["Scale"])]
    for nonsense in ("0", "x", "9" * 30):
        assert "is-chosen" not in client.get(PAGE, query_string={"plan": nonsense}).text


def test_the_buttons_keep_the_choice(client: Visitor, plans: dict[str, int]) -> None:
    page = client.get(PAGE, query_string={"plan": plans["By contacts"], "quantity": "8000", "currency": "eur"}).text
    growth, contacts = plans["Growth"], plans["By contacts"]
    assert links(page, growth) == [
        f"/portal/sign-up?plan={growth}&interval=month&currency=eur",
        f"/portal/sign-up?plan={growth}&interval=year&currency=eur",
    ]
    assert set(links(page, contacts)) == {f"/portal/sign-up?plan={contacts}&interval=month&currency=eur&quantity=8000"}
    assert links(page, plans["Free"]) == [f"/portal/sign-up?plan={plans['Free']}"]


def test_on_request_leads_to_the_contact_address(client: Visitor, plans: dict[str, int], session: Session) -> None:
    assert "Contact us" not in client.get(PAGE).text
    add_branding(contact_url="mailto:sales@harbor.example")
    page = client.get(PAGE).text
    assert "On request Contact us" in card(page, plans["Enterprise"])
    assert 'href="mailto:sales@harbor.example"' in page


def test_without_plans_the_page_says_so(client: Visitor) -> None:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "No plans for sale yet" in text_of(answer)


def test_test_mode_is_said_and_kept_from_search_engines(client: Visitor, plans: dict[str, int]) -> None:
    page = client.get(PAGE)
    assert "Test mode These are trial prices. No real money moves." in text_of(page)
    assert "(test mode)" in page.text
    assert '<meta name="robots" content="noindex">' in page.text


def test_live_prices_take_over_once_an_owner_switched(
    app: Flask, client: Visitor, owner: Staff, plans: dict[str, int], session: Session
) -> None:
    sell_live(app, owner.id)
    page = client.get(PAGE)
    assert "Test mode" not in page.text
    assert re.findall(r'id="plan-\d+-name">([^<]+)', page.text) == ["Free", "Enterprise", "Live"]
    assert "noindex" not in page.text
    trial = client.get(PAGE, query_string={"mode": "test"})
    assert "Test mode" in trial.text
    assert "&amp;mode=test" in trial.text
    with transaction() as writing:
        writing.get_one(SellingMode, 1).mode = "test"
    assert "Test mode" in client.get(PAGE).text


def test_visitors_get_no_cookie_and_nothing_of_somebody_else(
    client: Visitor, signed_in: Visitor, plans: dict[str, int]
) -> None:
    for visitor in (client, signed_in):
        answer = visitor.get(PAGE, headers={"Cookie": "theme=dark"})
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "csrf" not in answer.text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', client.get(PAGE).text)
    own = [address for address in addresses if address.startswith(("/", "#", "http://localhost/"))]
    assert own == addresses


def test_an_unchanged_page_is_a_304_and_a_changed_price_is_not(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    first = client.get(PAGE)
    assert first.headers["Cache-Control"] == "public, no-cache"
    again = client.get(PAGE, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    with transaction() as writing:
        writing.get_one(Plan, plans["Growth"]).name = "Harvest"
    changed = client.get(PAGE, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_share_cards_say_what_is_sold(client: Visitor, plans: dict[str, int]) -> None:
    page = unescape(markup_of(client.get(PAGE)))
    assert '<meta property="og:title" content="Plans and prices · Billing Portal (test mode)">' in page
    assert 'content="Free: free · Growth: US$29.00 a month · Scale: US$99.00 a month · By contacts: ' in page
    assert '<meta property="og:url" content="http://localhost/portal/pricing">' in page


def test_only_named_sites_may_frame_the_page_and_no_other_page(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    closed = client.get(PAGE).headers
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]
    assert closed["X-Frame-Options"] == "DENY"
    add_branding(embedding_origins=["https://harbor.example"])
    opened = client.get(PAGE).headers
    assert "frame-ancestors 'self' https://harbor.example" in opened["Content-Security-Policy"]
    assert "X-Frame-Options" not in opened
    for path in ("/sign-in", "/portal/sign-up"):
        assert "frame-ancestors 'none'" in client.get(path).headers["Content-Security-Policy"]


def test_inside_a_frame_links_leave_it_and_the_head_stays_out(client: Visitor, plans: dict[str, int]) -> None:
    page = client.get(PAGE, query_string={"embed": "1"}).text
    assert "<header" not in page
    assert all('target="_top"' in link for link in re.findall(r'<a [^>]*href="/portal/sign-up[^>]*>', page))
    assert '<input type="hidden" name="embed" value="1">' in page


def set_tax(session: Session, price_id: str, behavior: str, euros: str | None = None) -> None:
    with transaction() as writing:
        for price in writing.query(Price).filter(Price.stripe_price_id.startswith(price_id)):
            price.tax_behavior = behavior
            option = cast(JsonObject, price.currency_options.get("eur", {}))
            price.currency_options = {"eur": {**option, "tax_behavior": euros or behavior}}


def test_tax_is_said_of_each_plan_by_its_own_prices(client: Visitor, plans: dict[str, int], session: Session) -> None:
    """A plan that says nothing takes its words from no other plan, and each currency has its own."""
    set_tax(session, "growth", "inclusive")
    set_tax(session, "scale", "exclusive", euros="inclusive")
    answer = client.get(PAGE)
    assert "US$29.00 a month Tax included" in card(answer.text, plans["Growth"])
    assert "US$99.00 a month" in card(answer.text, plans["Scale"])
    assert "Before tax" not in card(answer.text, plans["Growth"])
    assert " tax" not in card(answer.text, plans["By contacts"]).lower()
    assert "Prices before tax" not in text_of(answer)
    assert "Prices include tax" not in text_of(answer)
    for currency, words in (("usd", "Due today: US$99.00 before tax."), ("eur", "Due today: €97.00, tax included.")):
        order = client.get(f"/portal/sign-up?plan={plans['Scale']}&interval=month&currency={currency}")
        assert words in text_of(order)


def test_tax_is_said_once_where_all_prices_agree(client: Visitor, plans: dict[str, int], session: Session) -> None:
    set_tax(session, "", "exclusive")
    answer = client.get(PAGE)
    assert "Prices before tax" in text_of(answer)
    assert "Before tax" not in card(answer.text, plans["Growth"])
