"""Template filters for times, countries and names. All times are UTC and say so where it matters."""

from datetime import datetime, timedelta

from babel import Locale
from babel.dates import format_timedelta
from flask import Flask

from billingportal.clock import now
from billingportal.domain.common import dates
from billingportal.domain.common.dates import day

ENGLISH = Locale("en")


def ago(moment: datetime) -> str:
    """The time since then within the last day, else the date."""
    passed = now() - moment
    if passed < timedelta(seconds=5):
        return "just now"
    if passed < timedelta(days=1):
        return str(format_timedelta(-passed, add_direction=True, locale=ENGLISH))
    return day(moment)


def last_active(moment: datetime) -> str:
    """When a session was last used. That is known to the minute, so within two it counts as active."""
    return "active now" if now() - moment < timedelta(minutes=2) else f"last active {ago(moment)}"


def time_of_day(moment: datetime) -> str:
    """Hours and minutes, preceded by the date unless it is today."""
    return dates.time_of_day(moment, now().date())


def exact(moment: datetime) -> str:
    """Date and time to the second."""
    return f"{day(moment)}, {moment:%H:%M:%S} UTC"


def country(code: str | None) -> str:
    return ENGLISH.territories.get(code, code) if code else ""


def event_title(event_type: str) -> str:
    """An event's type in plain words: `customer.subscription.updated` is "Subscription updated"."""
    parts = event_type.replace("_", " ").split(".")
    return " ".join(parts[-2:]).capitalize()


def field_name(name: str) -> str:
    """A column's name as words, for the table of changes."""
    words = name.replace("_", " ").removesuffix(" minor").capitalize()
    return f"{words.removesuffix(' id')} ID" if words.endswith(" id") else words


def init_app(app: Flask) -> None:
    for words in (ago, day, last_active, time_of_day, exact, country, event_title, field_name):
        app.add_template_filter(words)
