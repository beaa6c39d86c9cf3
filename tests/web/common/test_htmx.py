from flask import Flask, request

from billingportal.web.common import htmx
from tests.support.pages import PARTIAL, Visitor


def test_a_page_and_a_part_of_it_are_kept_apart_by_caches(client: Visitor) -> None:
    assert "HX-Request-Type" in client.get("/sign-in").headers["Vary"]


def test_only_a_partial_request_gets_a_part_of_a_page(app: Flask) -> None:
    with app.test_request_context(headers=PARTIAL):
        assert htmx.is_partial(request)
    with app.test_request_context(headers={"HX-Request": "true", "HX-Request-Type": "full"}):
        assert not htmx.is_partial(request)
        assert htmx.is_htmx(request)
    with app.test_request_context():
        assert not htmx.is_partial(request)
        assert not htmx.is_htmx(request)


def test_a_redirect_announces_the_body_that_it_sends(app: Flask) -> None:
    with app.test_request_context("/sign-in", method="POST"):
        response = htmx.redirect("/saas/plans?name=Größe")
        headers = response.get_wsgi_headers(request.environ)
    assert response.status_code == 303
    assert headers["Location"] == "/saas/plans?name=Gr%C3%B6%C3%9Fe"
    assert int(headers["Content-Length"]) == len(response.get_data())


def test_what_a_toast_says_is_escaped(app: Flask) -> None:
    with app.test_request_context():
        toast = htmx.toast("bad", "<b>Title</b>", "a & b")
    assert "&lt;b&gt;Title&lt;/b&gt;" in toast
    assert "a &amp; b" in toast


def test_a_toast_after_a_part_leaves_the_part_as_it_is(app: Flask) -> None:
    with app.test_request_context():
        answer = htmx.with_toast("<div>the part</div>", "ok", "Saved")
    assert answer.startswith("<div>the part</div>")
    assert "<hx-partial" in answer
