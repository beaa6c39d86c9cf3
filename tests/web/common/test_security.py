import dataclasses

import pytest
from flask import Flask

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from tests.support.pages import PARTIAL, Visitor, text_of


@pytest.mark.parametrize("path", ["/sign-in", "/nothing", "/healthz"])
def test_every_answer_tells_the_browser_what_to_refuse(client: Visitor, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_static_file_is_taken_for_nothing_else(client: Visitor) -> None:
    assert client.get("/static/app.css").headers["X-Content-Type-Options"] == "nosniff"


def test_only_https_answers_insist_on_https(client: Visitor) -> None:
    assert "Strict-Transport-Security" not in client.get("/sign-in").headers
    secure = client.get("/sign-in", base_url="https://billing.example.com")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Visitor) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_the_session_cookie_is_secure_behind_a_public_https_address(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, public_url="https://billing.example.com"))
    cookie = app.test_client().get("/sign-in").headers["Set-Cookie"]
    with app.app_context():
        db.engine.dispose()
    assert "Secure" in cookie


def test_every_form_needs_the_token(app: Flask, signed_in: Visitor) -> None:
    for path in ("/mode", "/profile", "/sign-out"):
        answer = signed_in.post(path, data={"mode": "live"})
        assert answer.status_code == 403
        assert "This page is too old Reload and try again." in text_of(answer)
    assert signed_in.get("/profile").status_code == 200


def test_sign_in_needs_the_token_too(client: Visitor) -> None:
    assert client.post("/sign-in", data={"email": "a@example.com", "password": "x"}).status_code == 403


def test_htmx_gets_a_toast_for_an_old_page(signed_in: Visitor) -> None:
    answer = signed_in.post("/mode", data={"mode": "live"}, headers=PARTIAL)
    assert answer.status_code == 403
    assert answer.text.strip().startswith('<hx-partial hx-target="#toasts" hx-swap="beforeend">')
    assert "This page is too old" in answer.text


def test_the_header_that_htmx_sends_is_accepted(signed_in: Visitor) -> None:
    answer = signed_in.swap("/mode", {"mode": "live", "next": "/profile"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/profile")
