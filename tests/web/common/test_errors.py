import logging
import re

import pytest
from flask import Flask, abort

from billingportal.web.common.errors import WORDS
from tests.support.pages import PARTIAL, Visitor, text_of


def fail(code: int) -> str:
    abort(code)


def break_down() -> str:
    raise RuntimeError("a mistake of ours, with a secret sk_test_1234 in it")


@pytest.fixture
def failing(app: Flask, signed_in: Visitor) -> Visitor:
    """A visitor of an application that has doors which fail."""
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fail/<int:code>", view_func=fail)
    app.add_url_rule("/break", view_func=break_down)
    return signed_in


@pytest.mark.parametrize("code", sorted(WORDS))
def test_each_error_says_what_happened_and_leads_back(failing: Visitor, code: int) -> None:
    answer = failing.get(f"/fail/{code}")
    assert answer.status_code == code
    assert WORDS[code].title in text_of(answer)
    assert 'href="/"' in answer.text
    assert re.search(r"Reference [0-9a-f]{8}", text_of(answer))


def test_an_error_in_a_part_of_a_page_is_a_toast_with_the_same_words(failing: Visitor) -> None:
    answer = failing.get("/fail/404", headers=PARTIAL)
    assert answer.status_code == 404
    assert answer.text.count("<hx-partial") == 1
    assert "<html" not in answer.text
    assert WORDS[404].title in answer.text


def test_the_reference_is_in_the_log_and_the_mistake_is_not_on_the_page(
    failing: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = failing.get("/break")
    assert answer.status_code == 500
    assert "sk_test_1234" not in answer.text
    match = re.search(r"Reference ([0-9a-f]{8})", text_of(answer))
    assert match
    assert match[1] in caplog.text
    assert "RuntimeError" in caplog.text


def test_the_token_of_a_set_up_link_is_not_logged(client: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert client.post("/setup/a-token-that-still-works").status_code == 403
    assert "/setup/<secret:token>" in caplog.text
    assert "a-token-that-still-works" not in caplog.text


def test_a_wrong_method_names_the_right_one(signed_in: Visitor) -> None:
    answer = signed_in.get("/mode")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_body_that_is_too_large_is_refused(signed_in: Visitor) -> None:
    answer = signed_in.submit("/mode", {"mode": "x" * (1024 * 1024 + 1)})
    assert answer.status_code == 413
