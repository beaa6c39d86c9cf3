"""The checkout page, as a browser sees it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.build import monthly_price
from tests.sandbox.checkout.build import customer, open_session
from tests.sandbox.surfing import fetch
from tests.support.stripe.sandbox import Sandbox

CARD = {"method": "card", "number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Aoife"}


@pytest.fixture
def session(client: stripe.StripeClient) -> stripe.checkout.Session:
    return open_session(client, monthly_price(client).id, customer=customer(client).id)


def subscriptions(client: stripe.StripeClient) -> list[stripe.Subscription]:
    return client.v1.subscriptions.list().data


def test_paying_leads_back_with_the_sessions_id(client: stripe.StripeClient, session: stripe.checkout.Session) -> None:
    page = fetch(str(session.url))
    assert page.status == 200
    for words in (
        "Northwind Digital Ltd",
        "$10.00 per month",
        "Card number",
        "Pay and subscribe",
        "owner@harbour.example",
    ):
        assert words in page.text
    sent = fetch(str(session.url), CARD)
    assert (sent.status, sent.location) == (303, f"https://portal.example/done?session={session.id}")
    again = fetch(str(session.url), CARD)
    assert (again.status, again.location) == (303, sent.location)
    assert len(subscriptions(client)) == 1
    assert "You are all done here" in fetch(str(session.url)).text


def test_a_form_sent_many_times_at_once_makes_one_subscription(
    client: stripe.StripeClient, session: stripe.checkout.Session
) -> None:
    with ThreadPoolExecutor(8) as browsers:
        answers = list(browsers.map(lambda _: fetch(str(session.url), CARD), range(8)))
    assert {(answer.status, answer.location) for answer in answers} == {
        (303, f"https://portal.example/done?session={session.id}")
    }
    assert len(subscriptions(client)) == len(client.v1.invoices.list().data) == len(client.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("number", "1234", "Your card number is invalid."),
        ("expiry", "13/34", "expiration date is invalid"),
        ("cvc", "x", "security code is invalid"),
        ("number", "4000000000000002", "Your card was declined."),
    ],
)
def test_a_mistake_brings_the_page_back_as_filled_in(
    client: stripe.StripeClient, session: stripe.checkout.Session, field: str, text: str, words: str
) -> None:
    back = fetch(str(session.url), {**CARD, field: text})
    assert back.status == 422
    assert words in back.text.replace("&#39;", "'")
    assert f'value="{text}"' in back.text
    assert subscriptions(client) == []


def test_the_bank_may_ask(client: stripe.StripeClient, session: stripe.checkout.Session) -> None:
    asking = {**CARD, "number": "4000000000003220"}
    page = fetch(str(session.url), asking)
    assert "Complete authentication" in page.text
    assert "Fail authentication" in page.text
    assert fetch(str(session.url), {**asking, "authentication": "fail"}).status == 422
    assert subscriptions(client) == []
    assert fetch(str(session.url), {**asking, "authentication": "complete"}).status == 303
    assert [one.status for one in subscriptions(client)] == ["active"]


def test_an_expired_page_says_so(client: stripe.StripeClient, session: stripe.checkout.Session) -> None:
    client.v1.checkout.sessions.expire(session.id)
    for form in (None, CARD):
        page = fetch(str(session.url), form)
        assert page.status == 410
        assert "This checkout page has expired" in page.text
        assert 'href="https://portal.example/pricing"' in page.text
    assert subscriptions(client) == []


def test_an_unknown_session_has_no_page(sandbox: Sandbox) -> None:
    assert fetch(f"{sandbox.url}/c/cs_test_1").status == 404


def test_what_is_asked_for_is_on_the_page(client: stripe.StripeClient) -> None:
    data: Any = {"trial_period_days": 14}
    session = open_session(
        client,
        "",
        customer=customer(client).id,
        line_items=[{"price": monthly_price(client).id, "quantity": 2, "adjustable_quantity": {"enabled": True}}],
        subscription_data=data,
        billing_address_collection="required",
        tax_id_collection={"enabled": True},
        customer_update={"name": "auto", "address": "auto"},
        consent_collection={"terms_of_service": "required"},
        allow_promotion_codes=True,
    )
    page = fetch(str(session.url))
    for words in (
        "Start trial",
        "14 days free",
        "Promotion code",
        "Country",
        "Tax ID",
        "terms of service",
        "Quantity of",
    ):
        assert words in page.text
    line = client.v1.checkout.sessions.line_items.list(session.id).data[0].id
    form = {**CARD, "country": "IE", "terms": "accepted", f"quantity_{line}": "5"}
    assert fetch(str(session.url), form).status == 303
    (made,) = subscriptions(client)
    assert (made.status, made["items"].data[0].quantity) == ("trialing", 5)


def test_somebody_new_types_an_address(client: stripe.StripeClient) -> None:
    session = open_session(client, monthly_price(client).id)
    assert 'name="email"' in fetch(str(session.url)).text
    assert fetch(str(session.url), {**CARD, "email": "new@harbour.example"}).status == 303
    assert [one.email for one in client.v1.customers.list().data] == ["new@harbour.example"]
