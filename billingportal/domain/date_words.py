"""Dates as words, for sentences that the domain writes itself."""

from datetime import datetime


def day(moment: datetime) -> str:
    """The day in UTC: 14 November 2026."""
    return f"{moment.day} {moment:%B %Y}"
