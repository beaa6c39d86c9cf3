"""The log of a real gunicorn: it shows no secret, and nothing of a stranger's starts a line or moves the cursor."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from billingportal.runtime.ports import answers, free_port
from tests.support.database import SqliteDatabases
from tests.support.program import Program, wait_until

TOKEN = "tok-EN_that.opens-something"
FORGED = "2026-11-22T10:00:00.250Z ERROR billingportal: FORGED"
HOSTILE = f"a\r\n{FORGED}\n\x1b[2J\x1b]0;title\x07\x9b31m\u2028{FORGED}\x85\u202e"
# The real application and server, with two mistakes in them that tests need: one in a view, one outside of Flask.
SERVER = """
import sys
from flask import request
from billingportal.config import Settings
from billingportal.runtime.startup import open_app
from billingportal.runtime import web_server

def break_down(token):
    raise ValueError(f"{request.url} {request.headers['Referer']} {request.args['words']}")

settings = Settings.from_env()
app = open_app(settings)
app.add_url_rule("/setup/<secret:token>/broken", "setup.broken", break_down)
inner = app.wsgi_app
def fail_outside(environ, start_response):
    if environ["PATH_INFO"].endswith("/outside"):
        raise RuntimeError(environ["PATH_INFO"] + environ["QUERY_STRING"])
    return inner(environ, start_response)
app.wsgi_app = fail_outside
web_server.serve(app, f"127.0.0.1:{sys.argv[1]}", settings.log_format, workers=1, threads=2)
"""


class Served:
    """A running server and what it has logged."""

    def __init__(self, program: Program, port: int) -> None:
        self.program, self.port = program, port

    def send(self, octets: bytes) -> int:
        """Send octets as they are; the status of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(octets)
            return int(connection.makefile("rb").readline().split()[1])

    def ask(self, target: str, method: str = "GET", *headers: str) -> int:
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
        return self.send("\r\n".join(lines).encode("latin-1"))

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.program.printed, words, limit=20)

    def lines(self) -> list[str]:
        return [line for line in self.program.printed.split("\n") if line]


@pytest.fixture(params=["text", "json"])
def served(request: pytest.FixtureRequest, tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Served]:
    port = free_port(0)
    settings = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_LOG_FORMAT": request.param}
    command = [sys.executable, "-c", SERVER, str(port)]
    with sqlite_databases.fresh(tmp_path), Program(command, tmp_path / "output", settings) as program:
        wait_until(lambda: answers("127.0.0.1", port, "/healthz"), "the server answers")
        yield Served(program, port)


def ask_with_secrets(served: Served) -> None:
    """Every way in which a secret comes with a request: known and unknown addresses, query, headers, mistakes."""
    for path in ("/setup", "/portal/billing-link", "/portal/checkout", "/webhooks/stripe"):
        for target in (f"{path}/{TOKEN}", f"{path}/{TOKEN}/more", f"/{path}//{TOKEN}?next={TOKEN}"):
            assert served.ask(target) in (200, 303, 308, 400, 403, 404, 405, 500)
            served.ask(target, "POST", f"Referer: http://localhost{target}", "Content-Length: 0")
    encoded = quote(f"/setup/{TOKEN}", safe="")
    assert served.ask(f"/sign-in?next={encoded}&session_id=cs_{TOKEN}") == 200
    assert served.ask(f"/nothing?token={TOKEN}", "GET", f"Cookie: portal_session={TOKEN}") in (303, 404)
    broken = f"/setup/{TOKEN}/broken?words={encoded}%20key=sk_live_51{'A' * 20}abcd"
    assert served.ask(broken, "GET", f"Referer: http://a.example/portal/checkout/{TOKEN}?x={TOKEN}") == 500
    assert served.ask(f"/setup/{TOKEN}/outside?x={TOKEN}") == 500
    assert served.send(f"GET /setup/{TOKEN} HTTP/9.9.9\r\n\r\n".encode()) == 400
    served.ask("/healthz?last")


def test_no_secret_of_a_request_is_logged(served: Served) -> None:
    ask_with_secrets(served)
    served.wait_for("GET /healthz 200")
    printed = served.program.printed
    assert TOKEN not in printed
    assert "A" * 10 not in printed
    lines = served.lines()
    shown = "…" if lines[0].startswith("2") else r"\u2026"
    for beginning in ("/setup/", "/portal/billing-link/", "/portal/checkout/", "/webhooks/stripe/"):
        assert f"GET {beginning}{shown} " in printed
    for words in ("ValueError", "RuntimeError", f"Exception on /setup/{shown}", "Error handling request", "Invalid"):
        assert words in printed
    assert "sk_live_...abcd" in printed


def ask_with_hostile_words(served: Served) -> None:
    octets = quote(HOSTILE.encode())
    served.ask(f"/nothing/{octets}")
    served.ask(f"/nothing/{quote(HOSTILE, encoding='latin-1', errors='replace')}%ff%fe")
    served.ask(f"/setup/x/broken?words={octets}", "GET", "Referer: \x9b31m\x85x")
    served.ask(f"/setup/{octets}/outside?{octets}")
    hostile = HOSTILE.encode().replace(b"\n", b"").replace(b"\r", b"")
    for request in (
        b"GET /a\x1b[2J\x00\x0b" + hostile + b" HTTP/1.1\r\n\r\n",
        b"GE\x1b[2JT / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + hostile + b"\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x1b[2J" + hostile + b": y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: \x1b[2J\r\n\r\n",
    ):
        served.send(request)
    served.ask("/healthz?last")


def test_nothing_of_a_strangers_starts_a_line_or_moves_the_cursor(served: Served) -> None:
    ask_with_hostile_words(served)
    served.wait_for("GET /healthz 200")
    lines = served.lines()
    assert len(lines) > 8
    assert [line for line in lines if line.startswith(FORGED) or not line.isprintable()] == []
    assert any("FORGED" in line for line in lines)
    if lines[0].startswith("{"):
        assert all(isinstance(json.loads(line), dict) for line in lines)
