import json
import logging
import sys

from billingportal.runtime.logs import JsonFormatter, TextFormatter

PATHS = ("/setup/", "/webhooks/stripe/")


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
    line = json.loads(JsonFormatter(PATHS).format(record("%(m)s %(U)s %(s)s in %(M)s ms", "gunicorn.access", atoms)))
    assert line["message"] == "POST /webhooks/stripe/… 200 in 4 ms"
    assert (line["method"], line["path"], line["status"], line["milliseconds"]) == (
        "POST",
        "/webhooks/stripe/…",
        "200",
        4,
    )


def test_a_request_of_the_api_has_its_id() -> None:
    atoms = {"m": "GET", "U": "/api/v1/plans", "s": "200", "M": 4, "h": "127.0.0.1", "{request-id}o": "req_1"}
    made = record("%(m)s %(U)s %(s)s in %(M)s ms", "gunicorn.access", atoms)
    assert TextFormatter().format(made).endswith("GET /api/v1/plans 200 in 4 ms, request req_1")
    assert json.loads(JsonFormatter().format(made))["request_id"] == "req_1"


def test_a_key_of_the_api_is_shortened() -> None:
    line = TextFormatter().format(record("Authorization: Bearer bp_live_Zk3vAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAi0Qx"))
    assert line.endswith("Bearer bp_live_...i0Qx")


def test_tracebacks_are_told_without_their_secrets() -> None:
    for formatter in (TextFormatter(), JsonFormatter()):
        line = formatter.format(failed())
        assert "Traceback" in line
        assert "51ABCDEFGHIJKL" not in line
        assert "sk_test_...MNOP" in line


def test_a_json_line_stays_json_when_a_secret_is_taken_out() -> None:
    assert json.loads(JsonFormatter().format(failed()))["level"] == "warning"
    assert json.loads(JsonFormatter(PATHS).format(record('GET "/setup/abc\\"')))["message"] == 'GET "/setup/…"'


def test_nothing_of_a_strangers_starts_a_line_or_moves_the_cursor() -> None:
    atoms = {"m": "GET", "U": "/a\nFORGED\u2028\x1b[2J", "s": "404", "M": 4, "h": "127.0.0.1\r\nFORGED"}
    request = record("%(m)s %(U)s %(s)s in %(M)s ms from %(h)s", "gunicorn.access", atoms)
    words = record("it says %s", args=("x\r\nFORGED\x1b[31m",))
    for formatter in (TextFormatter(), JsonFormatter()):
        for line in map(formatter.format, (request, words)):
            assert line.isprintable()
            assert "FORGED" in line
