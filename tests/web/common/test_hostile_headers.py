"""Cookies, hosts and other headers that nobody honest sends: answered as if they were not there, never with a 500."""

from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from billingportal.web.common.input.guard import MALFORMED
from tests.support.pages import Visitor, text_of

EIGHT_KILOBYTES = 8 * 1024
VALUES = {
    "long": "x" * EIGHT_KILOBYTES,
    "latin-1": "caf\xe9 \xff\xfe",
    "utf-8": "caf\xc3\xa9",
    "half a letter": "caf\xc3",
    "quotes": "\"';,=\\(){}[]<>&%00%ff",
    "controls": "a\x01\x1b[31mb\x7f",
    "empty": "",
    "digits": "9" * 5000,
}
HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Forwarded", "Host", "HX-Boosted",
    "HX-Current-URL", "HX-Request", "HX-Request-Type", "HX-Source", "HX-Target", "HX-Trigger", "If-Modified-Since",
    "If-None-Match", "If-Range", "Origin", "Range", "Referer", "Sec-Fetch-Site", "Stripe-Signature", "User-Agent",
    "X-CSRF-Token", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id",
)  # fmt: skip
PAGES = ("/sign-in", "/portal/pricing", "/saas/clients", "/portal/billing", "/static/app.css", "/nowhere", "/healthz")
COOKIES = ("portal_session", "portal_client", "theme", "left_by_another_site")
HOSTS = (
    "", "a b", "[::1", "[::1]", "::1", "a:b", "a:99999999999999999999", "a:-1", "-", ".", "..", "a..b", "@", "a@b",
    "a/b", "a?b", "a#b", "\\", "x" * EIGHT_KILOBYTES, "caf\xe9", "\xd9\xa3.example", "xn--", "xn--\xff", "%00", "a,b",
)  # fmt: skip
REFERRERS = ("https://[", "https://[::1", "https://]", "https://a:b:c", "//[", "https://\u2100", "https://a:99999999/")


@pytest.fixture
def bare(app: Flask) -> FlaskClient:
    """A visitor without a cookie jar, who sends headers as they are."""
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client(use_cookies=False)


def environ_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


@pytest.mark.parametrize("page", PAGES)
def test_no_header_makes_a_page_fail(bare: FlaskClient, page: str) -> None:
    statuses = {
        (header, kind): bare.get(page, environ_overrides={environ_name(header): value}).status_code
        for header in HEADERS
        for kind, value in VALUES.items()
    }

    assert {place: status for place, status in statuses.items() if status >= 500} == {}


def test_no_cookie_locks_anybody_out(bare: FlaskClient) -> None:
    for name, value in product(COOKIES, VALUES.values()):
        cookie = {"HTTP_COOKIE": f"{name}={value}; theme=dark"}
        assert bare.get("/sign-in", environ_overrides=cookie).status_code == 200, cookie
        assert bare.get("/saas/clients", environ_overrides=cookie).status_code == 303, cookie
        assert bare.get("/portal/billing", environ_overrides=cookie).status_code == 401, cookie
        assert bare.post("/sign-in", environ_overrides=cookie).status_code == 403, cookie


def test_a_cookie_of_other_bytes_leaves_the_others_readable(app: Flask, signed_in: Visitor) -> None:
    mine = signed_in.get_cookie("portal_session")
    assert mine is not None
    cookies = {"HTTP_COOKIE": f"left_by_another_site=caf\xe9; portal_session={mine.value}"}

    assert app.test_client(use_cookies=False).get("/saas/clients", environ_overrides=cookies).status_code == 200


def status_for(app: Flask, page: str, host: str, cookie: str) -> int:
    """Without the test client, which takes the address apart itself."""
    environ = create_environ(page, environ_overrides={"HTTP_HOST": host, "HTTP_COOKIE": cookie})
    with app.app_context():
        body, status, _ = run_wsgi_app(app, environ, buffered=True)
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return int(status.partition(" ")[0])


def test_no_host_makes_a_page_fail(app: Flask, signed_in: Visitor) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    mine = signed_in.get_cookie("portal_session")
    cookies = ("", f"portal_session={mine.value if mine else ''}")
    for host, cookie, page in product(HOSTS, cookies, ("/", "/saas/plans", "/settings/branding", "/saas/clients/")):
        assert status_for(app, page, host, cookie) < 500, (host, page)


def test_a_host_that_is_no_name_is_refused_with_words(bare: FlaskClient) -> None:
    for host in ("a..b", ".", "x" * 64):
        answer = bare.get("/sign-in", environ_overrides={"HTTP_HOST": host})
        assert answer.status_code == 400, host
        assert MALFORMED in text_of(answer)


def test_no_referrer_makes_a_form_fail(signed_in: Visitor) -> None:
    """Over TLS the check of forms takes the referrer apart."""
    form = {"mode": "test", "csrf_token": signed_in.csrf_token()}
    for referrer in REFERRERS:
        secure = {"wsgi.url_scheme": "https", "HTTP_REFERER": referrer.encode().decode("latin-1")}
        assert signed_in.post("/mode", data=form, environ_overrides=secure).status_code in (400, 403), referrer


def test_no_form_token_makes_a_form_fail(signed_in: Visitor) -> None:
    signed_in.csrf_token()
    for token in ("", "\xff", "x" * EIGHT_KILOBYTES, "a.b.c", "....", "bnVsbA.aaaa.bbbb", "\x01"):
        assert signed_in.post("/mode", environ_overrides={"HTTP_X_CSRF_TOKEN": token}).status_code == 403, token
        assert signed_in.post("/mode", data={"csrf_token": token}).status_code == 403, token
