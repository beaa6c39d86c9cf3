"""Billing links and the client session that they begin."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain import signed_tokens
from billingportal.domain.billing_links import PURPOSE
from billingportal.models import Client
from billingportal.portal import current_portal
from billingportal.web import client_session
from tests.support.billing import link_of
from tests.support.clients import new_client
from tests.support.pages import Visitor, text_of

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
BILLING = "/portal/billing"


@pytest.fixture
def client_id(session: Session) -> int:
    return new_client()


def archive(app: Flask, client_id: int) -> None:
    with app.app_context():
        with transaction() as session:
            session.get_one(Client, client_id).archived_at = clock.now()
        db.session.remove()


def test_a_link_opens_the_page_and_leaves_the_address_bar(app: Flask, client: Visitor, client_id: int) -> None:
    answer = client.get(link_of(app, client_id))
    assert (answer.status_code, answer.location) == (303, BILLING)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    page = client.get(BILLING)
    assert page.status_code == 200
    assert "Harbor Dental" in text_of(page)


def test_a_link_may_be_opened_twice_and_by_two_browsers(app: Flask, client: Visitor, client_id: int) -> None:
    address = link_of(app, client_id)
    for visitor in (client, client, app.test_client()):
        assert visitor.get(address).status_code == 303
        assert visitor.get(BILLING).status_code == 200


def test_the_cookie_is_out_of_the_reach_of_scripts_and_other_sites(app: Flask, client: Visitor, client_id: int) -> None:
    (cookie,) = client.get(link_of(app, client_id)).headers.getlist("Set-Cookie")
    assert cookie.startswith(f"{client_session.COOKIE}=")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/portal", "Max-Age=7200"):
        assert part in cookie
    assert "Secure" not in cookie
    (cookie,) = client.get(link_of(app, client_id), base_url="https://billing.example").headers.getlist("Set-Cookie")
    assert "Secure" in cookie


@pytest.mark.parametrize("damage", [lambda token: token[:-1], lambda token: f"x{token}", lambda token: "token"])
def test_a_link_that_was_changed_opens_nothing(app: Flask, client: Visitor, client_id: int, damage: object) -> None:
    before, _, token = link_of(app, client_id).rpartition("/")
    assert callable(damage)
    answer = client.get(f"{before}/{damage(token)}")
    assert answer.status_code == 404
    assert "This link does not work" in text_of(answer)
    assert client.get(BILLING).status_code == 401


def test_an_old_link_says_so(app: Flask, client: Visitor, client_id: int) -> None:
    answer = client.get(link_of(app, client_id, hours=0))
    assert answer.status_code == 410
    assert "This link has run out" in text_of(answer)
    assert "Harbor Dental" not in answer.text
    assert client.get(BILLING).status_code == 401


def test_a_token_is_worth_nothing_for_another_purpose(app: Flask, client: Visitor, client_id: int) -> None:
    token = link_of(app, client_id).rpartition("/")[2]
    client.set_cookie(client_session.COOKIE, token, path="/portal")
    assert client.get(BILLING).status_code == 401
    assert PURPOSE != client_session.PURPOSE


def test_an_old_session_ends(app: Flask, client: Visitor, client_id: int) -> None:
    with app.app_context():
        keys = current_portal().settings.secret_keys
        token = signed_tokens.sign(keys, client_session.PURPOSE, client_id, timedelta())
    client.set_cookie(client_session.COOKIE, token, path="/portal")
    assert client.get(BILLING).status_code == 401


def test_archiving_a_client_ends_its_sessions_and_links(app: Flask, client: Visitor, client_id: int) -> None:
    address = link_of(app, client_id)
    client.get(address)
    archive(app, client_id)
    assert client.get(BILLING).status_code == 401
    assert client.get(address).status_code == 404


def test_signing_out_ends_the_session_here(app: Flask, client: Visitor, client_id: int) -> None:
    client.get(link_of(app, client_id))
    assert client.submit("/portal/sign-out").location == BILLING
    assert client.get(BILLING).status_code == 401


def test_the_session_is_apart_from_staffs(app: Flask, signed_in: Visitor, client_id: int) -> None:
    with signed_in.session_transaction() as before:
        kept = dict(before)
    signed_in.get(link_of(app, client_id))
    assert signed_in.get(BILLING).status_code == 200
    assert signed_in.get("/saas/plans").status_code == 200
    signed_in.submit("/portal/sign-out")
    with signed_in.session_transaction() as after:
        assert kept.items() <= dict(after).items()
    assert signed_in.get("/saas/plans").status_code == 200


def test_a_client_opens_no_door_of_staff_and_staff_is_no_client(app: Flask, signed_in: Visitor, client_id: int) -> None:
    assert signed_in.get(BILLING).status_code == 401
    visitor = app.test_client()
    visitor.get(link_of(app, client_id))
    assert visitor.get("/saas/plans").location.startswith("/sign-in")


def test_a_page_left_open_is_led_back_when_the_session_is_over(client: Visitor) -> None:
    answer = client.get(BILLING, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, BILLING)
