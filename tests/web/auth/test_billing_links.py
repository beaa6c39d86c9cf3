"""Billing links and the client session that they begin."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.models import BrowserSession, Client
from billingportal.models.auth.setup_link import hash_token
from billingportal.models.auth.staff import Staff
from billingportal.web.auth import client_session
from tests.support.pages import Visitor, begin_session, text_of
from tests.support.people.billing import link_of
from tests.support.people.clients import new_client

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


def test_a_link_is_no_session(app: Flask, client: Visitor, client_id: int) -> None:
    client.set_cookie(client_session.COOKIE, link_of(app, client_id).rpartition("/")[2], path="/portal")
    assert client.get(BILLING).status_code == 401


def test_a_session_of_staff_is_none_of_a_client(client: Visitor, owner: Staff, client_id: int) -> None:
    client.set_cookie(client_session.COOKIE, begin_session(client.application, owner.id), path="/portal")
    assert client.get(BILLING).status_code == 401


def test_a_session_ends_after_two_hours(app: Flask, client: Visitor, client_id: int) -> None:
    client.get(link_of(app, client_id))
    with app.app_context(), transaction() as session:
        row = session.scalars(select(BrowserSession)).one()
        assert row.expires_at - row.started_at == timedelta(hours=2)
        row.expires_at = clock.now()
    assert client.get(BILLING).status_code == 401


def test_opening_a_link_begins_a_new_session_and_ends_the_one_before(
    app: Flask, client: Visitor, client_id: int, session: Session
) -> None:
    client.set_cookie(client_session.COOKIE, "planted by somebody else", path="/portal")
    tokens = []
    for _ in range(2):
        client.get(link_of(app, client_id))
        cookie = client.get_cookie(client_session.COOKIE, path="/portal")
        assert cookie is not None
        tokens.append(cookie.value)
    assert len({*tokens, "planted by somebody else"}) == 3
    assert session.scalars(select(BrowserSession.token_hash)).all() == [hash_token(tokens[1])]


def test_archiving_a_client_ends_its_sessions_and_links(app: Flask, client: Visitor, client_id: int) -> None:
    address = link_of(app, client_id)
    client.get(address)
    archive(app, client_id)
    assert client.get(BILLING).status_code == 401
    answer = client.get(address)
    assert answer.status_code == 410
    assert "This link no longer works" in text_of(answer)


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
