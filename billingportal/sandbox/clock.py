"""The sandbox's own clock."""

import time
from datetime import UTC, datetime


def now() -> int:
    """The time as Stripe writes it: whole seconds since 1970, UTC."""
    return int(time.time())


def precise() -> float:
    """Seconds with fractions, for measuring and scheduling inside the sandbox."""
    return time.time()


def spelled(seconds: float) -> str:
    """A time as API v2 writes it: RFC 3339 with milliseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str) -> float:
    """Seconds since 1970 of a time as API v2 writes it. Raises ValueError for other texts, and for one without zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.timestamp()
