"""Time limits for calls to Stripe: one for a single call, and one for all calls of a form."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most seconds to wait for Stripe.

    `call_seconds` is for one call with its retries and its turn in the rate limit; `total_seconds` for all calls
    of one opened gateway together, None without a limit.
    """

    call_seconds: float
    total_seconds: float | None = None


# A person waits: with the portal's own work the answer is there within 12 seconds.
FORM = Limits(call_seconds=10, total_seconds=10)
# Nobody waits, and a job may need hundreds of calls. As the SDK, an attempt waits 80 seconds: half of the time is for
# a second attempt, with half a second between.
BACKGROUND = Limits(call_seconds=161)

# One meter event: small and quick. Whoever sends several says how long they may take together.
METER_EVENT = Limits(call_seconds=10)


class Deadline:
    """A moment on the monotonic clock, which a change of the system time does not affect."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline, never below zero."""
        return max(0.0, self._ends_at - time.monotonic())


class Budget:
    """The remaining seconds that one opened gateway may wait for Stripe. Threads may share it."""

    def __init__(self, limits: Limits) -> None:
        self._call_seconds = limits.call_seconds
        self._seconds_left = math.inf if limits.total_seconds is None else limits.total_seconds
        self._lock = threading.Lock()

    @contextmanager
    def call(self) -> Iterator[Deadline]:
        """Yields the deadline of one call, then subtracts the call's seconds from the budget."""
        started = time.monotonic()
        try:
            yield Deadline(min(self._call_seconds, self._seconds_left))
        finally:
            with self._lock:
                self._seconds_left -= time.monotonic() - started
