"""Charts of use over time: days, or weeks and months where there are too many, and the days to come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby

from billingportal.domain.usage.history.spans import Span
from billingportal.models import Resource
from billingportal.web.common.rendering.periods import day_words, days_left_in_month, span_words
from billingportal.web.common.rendering.series import Legend, Point, Series, series

MOST_BARS = 62
MOST_PROJECTED = 7


@dataclass(frozen=True)
class Course:
    """A resource's use on each day of a span; `extra` is the part that is billed on top. `pace`: units a day.

    `limit` is drawn as a line. `today` is the last day that has happened.
    """

    resource: Resource
    span: Span
    days: Sequence[int]
    today: date
    pace: Fraction | None = None
    extra: Sequence[int] = ()
    limit: int | None = None
    limit_words: str = ""
    extra_words: str = ""


def usage_chart(course: Course) -> Series:
    """Bars of a total per billing period, a line of a current total."""
    points = grouped(course)
    if len(course.days) <= MOST_BARS and course.span.last == course.today:
        points += projected(course)
    is_gauge = course.resource.kind == "gauge"
    name = "Included" if course.extra_words else (course.resource.name if is_gauge else "Used")
    legend = Legend(name, course.extra_words, course.limit_words)
    return series(points, "line" if is_gauge else "bars", legend, course.limit)


def grouped(course: Course) -> list[Point]:
    """The days, or as few weeks or months as fit."""
    extra = course.extra or [0] * len(course.days)
    days = list(zip(course.span, course.days, extra, strict=True))
    if len(days) <= MOST_BARS:
        return [Point(day_words(day), used - more, more) for day, used, more in days]
    if len(days) <= MOST_BARS * 7:
        weeks = groupby(days, lambda one: one[0] - timedelta(days=one[0].weekday()))
        return [point(course, f"Week of {day_words(first)}", part) for first, part in weeks]
    months = groupby(days, lambda one: one[0].replace(day=1))
    return [point(course, f"{first:%b %Y}", part) for first, part in months]


def point(course: Course, label: str, part: Iterable[tuple[date, int, int]]) -> Point:
    """One point of several days: their sum, or the level at their end."""
    days = list(part)
    if course.resource.kind == "gauge":
        return Point(label, days[-1][1])
    more = sum(one[2] for one in days)
    return Point(label, sum(one[1] for one in days) - more, more)


def projected(course: Course) -> list[Point]:
    """The days to come of this month, at the pace of the last ones."""
    if course.pace is None or course.today.month != course.span.last.month:
        return []
    found = []
    for number in range(1, min(days_left_in_month(course.today), MOST_PROJECTED) + 1):
        level = course.days[-1] if course.days and course.resource.kind == "gauge" else 0
        ahead = number if course.resource.kind == "gauge" else 1
        value = max(level + int(course.pace * ahead), 0)
        found.append(Point(day_words(course.today + timedelta(days=number)), value, is_next=True))
    return found


def chart_words(course: Course, whose: str) -> str:
    """What one sees, in one or two sentences, for those who do not see it."""
    name, days = course.resource.name, course.days
    when = span_words(course.span)
    if not any(days):
        return f"{name} of {whose}, {when}: nothing."
    limit = f" The {course.limit_words.lower()} is drawn as a line." if course.limit is not None else ""
    if course.resource.kind == "gauge":
        return f"{name} of {whose}, {when}: from {days[0]:,} to {days[-1]:,}.{limit}"
    return f"{name} of {whose} per day, {when}: up to {max(days):,} a day, {sum(days):,} in all.{limit}"
