"""Keeps a stream of calls below a rate, so that catching up never uses up what clients need."""

import threading
import time
from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter


class Pace:
    """At most so many calls a second from this process, evenly spread over its threads."""

    def __init__(self, calls_per_second: int) -> None:
        self._interval_seconds = 1 / calls_per_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self) -> None:
        """Return when the next call may start."""
        with self._lock:
            moment = time.monotonic()
            start = max(moment, self._free_at)
            self._free_at = start + self._interval_seconds
        time.sleep(start - moment)


class PacedAdapter(HTTPAdapter):
    """Waits for its turn before each request, the SDK's own retries included."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        self._pace.wait()
        return super().send(request, stream, timeout, verify, cert, proxies)


def paced_session(calls_per_second: int | None) -> requests.Session | None:
    """A session held below a rate; None leaves the choice of sessions to the SDK, which keeps one a thread."""
    if calls_per_second is None:
        return None
    session = requests.Session()
    adapter = PacedAdapter(Pace(calls_per_second))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
