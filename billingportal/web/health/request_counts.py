"""Counts answered requests in each process, and adds them to the rows that all processes share."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from flask import Flask
from sqlalchemy import Table

from billingportal.database.unavailable import UNAVAILABLE
from billingportal.db import spare_transaction
from billingportal.domain.sync.row_sql import insert_into
from billingportal.models import RequestCount

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Seconds between two writes of one process, each of a few rows.
WRITE_EVERY = 10
EXTENSION = "billingportal_request_counts"
COUNTS = cast(Table, RequestCount.__table__)
KINDS = (("/webhooks/", "webhooks"), ("/api/", "api"), ("/static/", "static"))


def kind_of(path: str) -> str:
    return next((kind for start, kind in KINDS if path.startswith(start)), "pages")


class RequestCounts:
    """A WSGI application around the portal's. Counts that could not be written stay for the next time."""

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        self._app = app
        self._inner = inner
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._write_at = time.monotonic() + WRITE_EVERY

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def counted(
            status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            with self._lock:
                self._counts[kind_of(environ["PATH_INFO"]), f"{status[:1]}xx"] += 1
            return start_response(status, headers, exc_info)

        answer = self._inner(environ, counted)
        if time.monotonic() >= self._write_at:
            self.write()
        return answer

    def write(self) -> None:
        """Add what this process has counted. Does nothing while another process writes, or the database is away."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._write_at = time.monotonic() + WRITE_EVERY
        try:
            is_written = self._add(counts)
        except UNAVAILABLE:
            is_written = False
        if not is_written:
            with self._lock:
                self._counts += counts

    def _add(self, counts: Counter[tuple[str, str]]) -> bool:
        rows = [{"kind": kind, "status": status, "count": count} for (kind, status), count in sorted(counts.items())]
        with self._app.app_context(), spare_transaction() as connection:
            if connection is None:
                return False
            if rows:
                adding = insert_into(COUNTS, connection.dialect.name)
                more = {"count": COUNTS.c.count + adding.excluded["count"]}
                keys = [COUNTS.c.kind, COUNTS.c.status]
                connection.execute(adding.on_conflict_do_update(index_elements=keys, set_=more), rows)
        return True


def init_app(app: Flask) -> None:
    """Count whatever the application answers from here on."""
    counts = RequestCounts(app, app.wsgi_app)
    app.extensions[EXTENSION] = counts
    app.wsgi_app = counts  # type: ignore[method-assign]


def counts_of(app: Flask) -> RequestCounts:
    return cast(RequestCounts, app.extensions[EXTENSION])
