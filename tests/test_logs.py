import json
import logging
import sys

import pytest

from billingportal.logs import JsonFormatter, TextFormatter, without_secrets


def record(message: str, name: str = "billingportal.jobs", args: object = ()) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, None, None)
    made.args = args  # type: ignore[assignment]
    made.created = 1_795_341_600.25
    return made


def failed() -> logging.LogRecord:
    made = record("it failed")
    try:
        raise ValueError("Invalid API Key provided: sk_test_51ABCDEFGHIJKLMNOP")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk_live_51ABCdef0123456789wxyz!", "key sk_live_...wxyz!"),
        ("rk_test_51ABCdef0123456789wxyz", "rk_test_...wxyz"),
        ("whsec_0123456789abcdef-_", "whsec_..."),
        ("GET /setup/abc-DEF_123 200", "GET /setup/... 200"),
        ("GET /saas/payment-processor 200", "GET /saas/payment-processor 200"),
        ("pk_test_51ABC is public", "pk_test_51ABC is public"),
    ],
)
def test_secrets_are_taken_out(text: str, expected: str) -> None:
    assert without_secrets(text) == expected


def test_a_text_line_has_the_time_in_utc() -> None:
    assert TextFormatter().format(record("words")) == ("2026-11-22T10:00:00.250Z WARNING billingportal.jobs: words")


def test_a_json_line_is_one_object() -> None:
    assert json.loads(JsonFormatter().format(record("words"))) == {
        "time": "2026-11-22T10:00:00.250Z",
        "level": "warning",
        "logger": "billingportal.jobs",
        "message": "words",
    }


def test_a_request_line_in_json_has_its_parts_as_fields() -> None:
    atoms = {"m": "POST", "U": "/webhooks/stripe/token", "s": "200", "M": 4, "h": "127.0.0.1"}
    line = json.loads(JsonFormatter().format(record("%(m)s %(U)s %(s)s in %(M)s ms", "gunicorn.access", atoms)))
    assert line["message"] == "POST /webhooks/stripe/token 200 in 4 ms"
    assert (line["method"], line["path"], line["status"], line["milliseconds"]) == (
        "POST",
        "/webhooks/stripe/token",
        "200",
        4,
    )


def test_tracebacks_are_told_without_their_secrets() -> None:
    for formatter in (TextFormatter(), JsonFormatter()):
        line = formatter.format(failed())
        assert "Traceback" in line
        assert "51ABCDEFGHIJKL" not in line
        assert "sk_test_...MNOP" in line


def test_a_json_line_stays_json_when_a_secret_is_taken_out() -> None:
    assert json.loads(JsonFormatter().format(failed()))["level"] == "warning"
    assert json.loads(JsonFormatter().format(record('GET "/setup/abc"')))["message"] == 'GET "/setup/..."'
