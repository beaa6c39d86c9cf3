"""How long Stripe is waited for: one limit for a whole call, and one for all calls of a form."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Seconds that are spent waiting for Stripe at most.

    `call_seconds` is for one call with its retries and its turn in the rate limit; `total_seconds` for all calls
    of one opened gateway together, None without a limit.
    """

    call_seconds: float
    total_seconds: float | None = None


# A person waits: with the portal's own work the answer is there within 12 seconds.
FORM = Limits(call_seconds=10, total_seconds=10)
# Nobody waits, and a job may need hundreds of calls.
BACKGROUND = Limits(call_seconds=20)


class Deadline:
    """A moment on the monotonic clock, which no change of the machine's time moves."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Never below zero."""
        return max(0.0, self._ends_at - time.monotonic())


class Budget:
    """What is left of the seconds that one opened gateway may wait for Stripe. Threads may share it."""

    def __init__(self, limits: Limits) -> None:
        self._call_seconds = limits.call_seconds
        self._seconds_left = math.inf if limits.total_seconds is None else limits.total_seconds
        self._lock = threading.Lock()

    @contextmanager
    def call(self) -> Iterator[Deadline]:
        """The deadline of one call. What the call takes is gone from the budget."""
        started = time.monotonic()
        try:
            yield Deadline(min(self._call_seconds, self._seconds_left))
        finally:
            with self._lock:
                self._seconds_left -= time.monotonic() - started
