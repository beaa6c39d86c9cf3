"""Whoever knows the owner's e-mail address cannot keep the owner out."""

import pytest
from flask import Flask

from billingportal.models.auth.staff import Staff
from billingportal.web.auth import known_browser
from tests.conftest import PASSWORD
from tests.support.pages import Visitor, text_of

pytestmark = pytest.mark.usefixtures("owner")
RIGHT = {"email": "owner@example.com", "password": PASSWORD}
WRONG = {**RIGHT, "password": "wrong horse battery"}
NEW_PASSWORD = "a better sentence than that"


def lock(app: Flask) -> None:
    """A stranger types five wrong passwords."""
    stranger = Visitor(app)
    for _ in range(5):
        assert stranger.submit("/sign-in", WRONG).status_code == 422
    assert stranger.submit("/sign-in", RIGHT).status_code == 429


def cookie_of(visitor: Visitor) -> str:
    cookie = visitor.get_cookie(known_browser.COOKIE, path=known_browser.PATH)
    assert cookie is not None
    return cookie.value


def test_a_stranger_does_not_lock_out_a_browser_that_signed_in_before(app: Flask, client: Visitor) -> None:
    client.submit("/sign-in", RIGHT)
    client.submit("/sign-out")
    lock(app)

    assert client.submit("/sign-in", RIGHT).status_code == 303


def test_its_own_wrong_passwords_lock_it_out(client: Visitor) -> None:
    client.submit("/sign-in", RIGHT)
    client.submit("/sign-out")
    for _ in range(5):
        assert client.submit("/sign-in", WRONG).status_code == 422

    answer = client.submit("/sign-in", RIGHT)

    assert answer.status_code == 429
    assert "Try again in 15 minutes." in text_of(answer)


def test_the_cookie_is_renewed_at_each_sign_in_and_out_of_reach(client: Visitor) -> None:
    answer = client.submit("/sign-in", RIGHT)
    (header,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith(known_browser.COOKIE)]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/sign-in", "Max-Age=7776000"):
        assert part in header
    first = cookie_of(client)
    client.submit("/sign-out")
    assert cookie_of(client) == first
    client.submit("/sign-in", RIGHT)
    assert cookie_of(client) != first


def test_it_is_worth_nothing_for_somebody_else(app: Flask, client: Visitor, viewer: Visitor) -> None:
    client.submit("/sign-in", {**RIGHT, "email": "viewer@example.com"})
    client.submit("/sign-out")
    lock(app)
    assert client.submit("/sign-in", RIGHT).status_code == 429


def test_a_browser_that_knew_the_old_password_is_a_stranger_again(app: Flask, client: Visitor) -> None:
    thief = Visitor(app)
    thief.submit("/sign-in", RIGHT)
    client.submit("/sign-in", RIGHT)
    client.submit("/profile", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    lock_with = Visitor(app)
    for _ in range(5):
        lock_with.submit("/sign-in", WRONG)

    assert thief.submit("/sign-in", {**RIGHT, "password": NEW_PASSWORD}).status_code == 429
    client.submit("/sign-out")
    assert client.submit("/sign-in", {**RIGHT, "password": NEW_PASSWORD}).status_code == 303


def test_a_stranger_does_not_keep_the_owner_from_changing_the_password(
    app: Flask, signed_in: Visitor, owner: Staff
) -> None:
    lock(app)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert signed_in.submit("/profile", change).status_code == 303
