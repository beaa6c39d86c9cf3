"""Logs an outage of the database, at most once a minute."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from billingportal.database.unavailable import UNAVAILABLE, first_line, is_mistake

log = logging.getLogger(__name__)
# Seconds between two log lines.
INTERVAL = 60


class Outage:
    """The state of a database outage in one process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began_at: float | None = None
        self._reported_at: float | None = None

    @contextmanager
    def endured(self) -> Iterator[None]:
        """Log errors of a database away or busy instead of raising them: the block will run again. Raises others."""
        try:
            yield
        except UNAVAILABLE as error:
            if is_mistake(error):
                raise
            self.report(error)
        else:
            self.end()

    def report(self, error: BaseException) -> None:
        """Log the outage, unless it was logged within the last minute."""
        moment = time.monotonic()
        with self._lock:
            self._began_at = moment if self._began_at is None else self._began_at
            if self._reported_at is not None and moment - self._reported_at < INTERVAL:
                return
            self._reported_at = moment
            seconds = moment - self._began_at
        log.error("the database does not answer for %.0f seconds: %s", seconds, first_line(error))

    def end(self) -> None:
        """Log that the database answers again, if there was an outage."""
        if self._began_at is None:
            return
        with self._lock:
            began_at, self._began_at = self._began_at, None
        if began_at is not None:
            log.info("the database answers again after %.0f seconds", time.monotonic() - began_at)
