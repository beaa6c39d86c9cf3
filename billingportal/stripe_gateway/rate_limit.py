"""Limits the rate of background calls, so that they never use up the rate limit that clients need."""

import threading
import time

from billingportal.stripe_gateway.limits import Deadline


class Pace:
    """Limits the calls per second of this process, over all of its threads."""

    def __init__(self, calls_per_second: int) -> None:
        self._interval_seconds = 1 / calls_per_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, deadline: Deadline) -> None:
        """Return when the next call may start. Raises TimeoutError, at once, when that is after the deadline."""
        with self._lock:
            moment = time.monotonic()
            start = max(moment, self._free_at)
            if start - moment > deadline.seconds_left:
                raise TimeoutError("no turn before the deadline")
            self._free_at = start + self._interval_seconds
        time.sleep(start - moment)
