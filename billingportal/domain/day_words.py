"""A date as the domain's sentences say it."""

from datetime import datetime


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
