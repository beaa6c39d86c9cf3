"""The only module that reads the clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def from_unix(seconds: int) -> datetime:
    """The moment of a Stripe timestamp (whole seconds since 1970), aware, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
