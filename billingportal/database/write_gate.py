"""Keeps threads free for reading while no write finishes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from billingportal.database.unavailable import UNAVAILABLE
from billingportal.errors import DatabaseBusy

# Seconds without a finished write after which the writers count as stuck. A slow disk needs a second for one write.
STUCK_AFTER = 2


@dataclass(frozen=True)
class Wait:
    """One writer's wait, with its deadline on the monotonic clock."""

    gate: "WriteGate"
    deadline: float

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Raises DatabaseBusy when this writer has waited long enough."""
        if not self.seconds_left or self.gate.is_too_many(self):
            raise DatabaseBusy


class WriteGate:
    """Every write of a process passes this gate. All may wait while writes finish, a few while none does.

    Otherwise all threads of a web server would soon wait to write, and none be left to show a page.
    """

    def __init__(self, seconds: float, patient: int) -> None:
        self._seconds = seconds
        self._patient = patient
        self._lock = threading.Lock()
        self._waits: dict[int, Wait] = {}
        self._moved_at = time.monotonic()
        self._failed = False

    @contextmanager
    def passed(self) -> Iterator[Wait]:
        """Surrounds one write, from before its wait to its end. Raises DatabaseBusy at once when too many wait."""
        wait = self._enter()
        failed = False
        try:
            yield wait
        except UNAVAILABLE:
            failed = True
            raise
        finally:
            self._leave(wait, failed=failed)

    def is_too_many(self, wait: Wait) -> bool:
        """Whether no write finishes, and this writer is not among the first ones, which may go on waiting."""
        if not self._is_stuck():
            return False
        with self._lock:
            return id(wait) not in list(self._waits)[: self._patient]

    def _is_stuck(self) -> bool:
        return time.monotonic() - self._moved_at > STUCK_AFTER

    def _enter(self) -> Wait:
        moment = time.monotonic()
        wait = Wait(self, moment + self._seconds)
        with self._lock:
            if not self._waits and not self._failed:
                self._moved_at = moment
            if len(self._waits) >= self._patient and self._is_stuck():
                raise DatabaseBusy
            self._waits[id(wait)] = wait
        return wait

    def _leave(self, wait: Wait, *, failed: bool) -> None:
        with self._lock:
            del self._waits[id(wait)]
            self._failed = failed
            if not failed:
                self._moved_at = time.monotonic()
