"""Counters add up in the periods of the subscription, and in calendar months without one."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.usage.periods import Period, following, period_in
from billingportal.domain.usage.subscription_periods import Span, until, with_span, without_subscription


def on(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def paid(starts_at: datetime, ends_at: datetime) -> Period:
    return Period(starts_at, ends_at, "subscription")


def test_without_a_subscription_it_is_the_calendar_month() -> None:
    assert period_in([], on(12, 31, 23)) == Period(on(12, 1), on(1, 1, year=2027), "calendar")


def test_a_months_end_is_cut_where_a_subscription_begins_and_begins_anew_where_it_ended() -> None:
    rows = [paid(on(3, 10, 12), on(4, 2))]
    ended = without_subscription(rows, on(4, 2))

    assert period_in(rows, on(3, 10, 11)) == Period(on(3, 1), on(3, 10, 12), "calendar")
    assert period_in(rows, on(3, 10, 12)) == rows[0]
    assert period_in(ended, on(4, 2)) == Period(on(4, 2), on(5, 1), "calendar")
    assert period_in(ended, on(7, 4)) == Period(on(7, 1), on(8, 1), "calendar")


@pytest.mark.parametrize(
    ("period", "at", "follows"),
    [
        (paid(on(1, 31), on(2, 28)), on(3, 1), paid(on(2, 28), on(3, 31))),
        (paid(on(1, 31), on(2, 28)), on(4, 30), paid(on(4, 30), on(5, 31))),
        (paid(on(1, 28), on(2, 28)), on(3, 28), paid(on(3, 28), on(4, 28))),
        (paid(on(1, 30), on(2, 28)), on(3, 29), paid(on(2, 28), on(3, 30))),
        (paid(on(5, 4, year=2025), on(5, 4)), on(6, 1), paid(on(5, 4), on(5, 4, year=2027))),
        (paid(on(1, 1), on(1, 15)), on(2, 1), paid(on(1, 29), on(2, 12))),
    ],
)
def test_until_stripe_tells_it_the_next_period_of_the_same_length_follows_on(
    period: Period, at: datetime, follows: Period
) -> None:
    assert period_in([period], at) == following(period, at) == follows


def test_a_new_anchor_cuts_the_period_and_the_periods_between_are_filled() -> None:
    rows = with_span([], Span(on(1, 10), on(2, 10)))

    assert with_span(rows, Span(on(1, 20), on(2, 20))) == [paid(on(1, 10), on(1, 20)), paid(on(1, 20), on(2, 20))]
    assert with_span(rows, Span(on(3, 15), on(4, 15))) == [
        paid(on(1, 10), on(2, 10)),
        paid(on(2, 10), on(3, 10)),
        paid(on(3, 10), on(3, 15)),
        paid(on(3, 15), on(4, 15)),
    ]
    assert with_span(rows, Span(on(1, 10), on(1, 10, year=2027))) == [paid(on(1, 10), on(1, 10, year=2027))]


moments = st.integers(0, 420 * 24 * 60).map(lambda minutes: on(11, 1, year=2025) + timedelta(minutes=minutes))
spans = st.tuples(moments, st.integers(1, 400)).map(lambda given: Span(given[0], given[0] + timedelta(days=given[1])))


@given(st.lists(st.one_of(spans, moments), max_size=8), st.lists(moments, min_size=1, max_size=20))
def test_every_time_lies_in_exactly_one_period(told: list[Span | datetime], times: list[datetime]) -> None:
    rows: list[Period] = []
    for one in told:
        rows = with_span(rows, one) if isinstance(one, Span) else without_subscription(rows, one)

    assert all(row.starts_at < row.ends_at for row in rows)
    assert all(row.ends_at <= after.starts_at for row, after in pairwise(rows))
    for at in times:
        period = period_in(rows, at)
        assert period.starts_at <= at < period.ends_at
        assert period_in(rows, period.starts_at) == period
        assert period_in(rows, period.ends_at - timedelta(microseconds=1)) == period
        assert period_in(rows, period.ends_at).starts_at == period.ends_at
    assert until(rows, times[0]) == [row for row in until(rows, times[0]) if row.starts_at < times[0]]
