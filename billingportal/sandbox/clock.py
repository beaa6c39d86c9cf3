"""The sandbox's own clock."""

import time


def now() -> int:
    """The time as Stripe writes it: whole seconds since 1970, UTC."""
    return int(time.time())


def precise() -> float:
    """Seconds with fractions, for measuring and scheduling inside the sandbox."""
    return time.time()
