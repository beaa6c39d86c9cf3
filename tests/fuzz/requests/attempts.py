"""One request as it goes through the whole WSGI application, and its answer."""

import gzip
import time
import traceback
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes
from zlib import error as ZlibError

from flask import Flask, got_request_exception
from werkzeug.test import create_environ, run_wsgi_app

from tests.fuzz.recording import KEY, Reads

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SHOWN = 300


@dataclass(frozen=True)
class Attempt:
    """A request, by somebody. Path and query are as they stand on the wire; header values are latin-1."""

    caller: str
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    address: str = "127.0.0.1"

    def environ(self, reads: Reads) -> "WSGIEnvironment":
        """What a server would hand to the application."""
        environ = create_environ(method=self.method, environ_overrides={"REMOTE_ADDR": self.address})
        path = unquote_to_bytes(self.path).decode("latin-1")
        whole = f"{self.path}?{self.query}" if self.query else self.path
        environ.update({"PATH_INFO": path, "QUERY_STRING": self.query, "REQUEST_URI": whole, "RAW_URI": whole})
        environ.update({"wsgi.input": BytesIO(self.body), KEY: reads})
        if self.body:
            environ["CONTENT_LENGTH"] = str(len(self.body))
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ

    def carries(self, text: str) -> bool:
        """Whether the text was in the request, so that an answer may repeat it."""
        return text.encode() in unquote_to_bytes(f"{self.path}?{self.query}") + self.body + repr(self.headers).encode()

    def __str__(self) -> str:
        whole = f"{self.path}?{self.query}" if self.query else self.path
        headers = ", ".join(f"{name}: {value[:80]!r}" for name, value in self.headers if name != "Cookie")
        return f"{self.caller}: {self.method} {whole[:SHOWN]} [{headers}] {self.body[:SHOWN]!r}"


@dataclass
class Outcome:
    """What came of a request. `error` is the traceback when a view broke, `place` where in our code.

    `connections` are those to the database that were not given back.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float
    reads: Reads = field(default_factory=Reads)
    error: str = ""
    place: str = ""
    connections: int = 0

    @property
    def is_html(self) -> bool:
        return any(name == "Content-Type" and value.startswith("text/html") for name, value in self.headers)

    def header(self, wanted: str) -> str:
        return next((value for name, value in self.headers if name.lower() == wanted.lower()), "")

    @property
    def text(self) -> str:
        """Headers and body, unpacked."""
        body = self.body
        if self.header("Content-Encoding") == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, ZlibError):
                body = self.body
        return repr(self.headers) + body.decode("utf-8", errors="replace")


def send(app: Flask, attempt: Attempt) -> Outcome:
    """The answer of the application. An exception that leaves it altogether counts as a 500."""
    errors: list[BaseException] = []
    reads = Reads()

    def note(_: Flask, exception: BaseException, **__: object) -> None:
        errors.append(exception)

    started = time.perf_counter()
    with got_request_exception.connected_to(note, app):
        try:
            parts, status, headers = run_wsgi_app(app, attempt.environ(reads), buffered=True)
            outcome = Outcome(int(status.split()[0]), list(headers), b"".join(parts), 0, reads)
        except Exception as error:  # noqa: BLE001 whatever leaves the application is a finding
            errors.append(error)
            outcome = Outcome(500, [], b"", 0, reads)
    outcome.seconds = time.perf_counter() - started
    if errors:
        outcome.error = "".join(traceback.format_exception(errors[-1]))
        outcome.place = place_of(errors[-1])
    return outcome


def place_of(error: BaseException) -> str:
    """The kind of the error and the last line of the portal that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/billingportal/" in frame.filename or "/templates/" in frame.filename]
    if not ours:
        return type(error).__name__
    last = ours[-1]
    name = last.filename.partition("/billingportal/")[2] or last.filename.rpartition("/templates/")[2]
    return f"{type(error).__name__} at {name}:{last.lineno} ({last.name})"
