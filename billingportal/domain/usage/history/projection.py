"""When a client's use reaches its limit, if it goes on as in the last days. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from billingportal.domain.usage.history.spans import Span
from billingportal.models.plans.resource import ResourceKind

# The pace is that of so many days, and none is told from fewer than LEAST.
DAYS = 14
LEAST = 3
# A date further away than this says nothing.
FURTHEST = timedelta(days=366)

Outcome = Literal["date", "over", "falling", "not_in_period", "too_new"]


@dataclass(frozen=True)
class Projection:
    """`on` is the day on which the limit is reached. `a_day` is the pace in units."""

    outcome: Outcome
    on: date | None = None
    a_day: Fraction = Fraction(0)


@dataclass(frozen=True)
class Course:
    """The course of a use until today. `days` are whole days, oldest first: what was used on each of them (counter), or
    the level at the end of each (gauge). `ends_on` is the first day of the next period; None for a gauge.
    """

    kind: ResourceKind
    days: Sequence[int]
    used: int
    today: date
    ends_on: date | None = None


def pace(course: Course) -> Fraction | None:
    """Units a day; None with fewer than LEAST days."""
    days = course.days[-DAYS:]
    if len(days) < LEAST:
        return None
    if course.kind == "counter":
        return Fraction(sum(days), len(days))
    return Fraction(days[-1] - days[0], len(days) - 1)


def project(course: Course, limit: int) -> Projection:
    """The day on which the use reaches the limit, or why there is none."""
    a_day = pace(course)
    if course.used >= limit:
        return Projection("over", a_day=a_day or Fraction(0))
    if a_day is None:
        return Projection("too_new")
    if a_day <= 0:
        return Projection("falling", a_day=a_day)
    left = -(-(limit - course.used) // a_day)
    if left > FURTHEST.days:
        return Projection("not_in_period", a_day=a_day)
    on = course.today + timedelta(days=left)
    if course.ends_on is not None and on >= course.ends_on:
        return Projection("not_in_period", a_day=a_day)
    return Projection("date", on, a_day)


def days_before(today: date) -> Span:
    """The whole days that a pace is measured by."""
    return Span(today - timedelta(days=DAYS), today - timedelta(days=1))


def known(days: Sequence[int]) -> Sequence[int]:
    """The days since the first use: before it, nothing was reported."""
    first = next((place for place, used in enumerate(days) if used), len(days))
    return days[first:]
