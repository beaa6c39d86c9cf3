"""The days that a page of usage shows, chosen in its address."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import request

from billingportal.domain.usage.history.spans import Span

LONGEST = timedelta(days=3 * 366)


@dataclass(frozen=True)
class Period:
    """One of the periods to choose from. `arguments` choose it in an address."""

    words: str
    span: Span

    @property
    def arguments(self) -> dict[str, str]:
        return {"from": self.span.first.isoformat(), "to": self.span.last.isoformat()}


def usual_periods(today: date) -> tuple[Period, ...]:
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    return (
        Period("This month", Span(month, today)),
        Period("Last month", Span(before.replace(day=1), before)),
        Period("30 days", Span(today - timedelta(days=29), today)),
        Period("12 months", Span(a_year_before(today), today)),
    )


def a_year_before(today: date) -> date:
    """The first day of the month that follows this month of last year."""
    return date(today.year - (today.month < 12), today.month % 12 + 1, 1)


def span_of_request(today: date) -> Span:
    """The days of the address, cut at today. This month without them, or where they make no sense."""
    first, last = day_of("from"), day_of("to")
    if first is None or last is None or first > min(last, today) or last - first > LONGEST:
        return usual_periods(today)[0].span
    return Span(first, min(last, today))


def day_of(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def span_words(span: Span) -> str:
    """ "1 to 26 Nov", "14 Nov to 13 Dec", with years where they differ."""
    first, last = span.first, span.last
    if first == last:
        return day_words(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day_words(last)}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"{day_words(first)}{year} to {day_words(last)}{f' {last.year}' if year else ''}"


def day_words(day: date) -> str:
    return f"{day.day} {day:%b}"


def days_left_in_month(today: date) -> int:
    return monthrange(today.year, today.month)[1] - today.day


def percent_of(part: int, whole: int) -> int:
    return part * 100 // whole if whole else 0


def labels(span: Span) -> Sequence[str]:
    return [day_words(day) for day in span]
