"""A date as the domain's sentences say it."""

from datetime import date


def day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"
