"""Calendar months in UTC."""

from datetime import UTC, datetime


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The start of the month of a moment, and of the next one."""
    start = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    is_last = start.month == 12
    return start, datetime(start.year + is_last, 1 if is_last else start.month + 1, 1, tzinfo=UTC)
