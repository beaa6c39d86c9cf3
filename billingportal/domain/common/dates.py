"""Dates and times as the domain's sentences say them."""

from datetime import date, datetime


def day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def time_of_day(moment: datetime, today: date) -> str:
    """Hours and minutes in UTC, preceded by the date unless it is today."""
    clock_time = f"{moment:%H:%M} UTC"
    return clock_time if moment.date() == today else f"{day(moment)}, {clock_time}"
