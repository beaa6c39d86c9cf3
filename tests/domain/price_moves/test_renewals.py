"""The day on which a client's price changes: a renewal at Stripe, and never earlier than was promised."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.price_moves import renewals
from billingportal.sandbox import periods

START = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 4 * 365 * 24 * 3600).map(lambda seconds: START + timedelta(seconds=seconds))
MONTHS = [("month", count) for count in (1, 2, 3, 6)]
PERIODS = st.sampled_from([("day", 10), ("week", 1), *MONTHS, ("year", 1)])


@given(anchor=MOMENTS, period=PERIODS, passed=st.integers(1, 30), days=st.integers(0, 400))
def test_the_first_renewal_from_a_day_on_is_one_of_stripes(
    anchor: datetime, period: tuple[str, int], passed: int, days: int
) -> None:
    interval, count = period
    at_stripe = [
        datetime.fromtimestamp(periods.after(int(anchor.timestamp()), interval, count * times), UTC)
        for times in range(passed, passed + 60)
    ]
    earliest = at_stripe[0].date() - timedelta(days=30) + timedelta(days=days)

    found = renewals.first_renewal(anchor, at_stripe[0], period, earliest)

    assert found == next(one for one in at_stripe if one.date() >= earliest)


def test_a_renewal_on_the_last_of_february_is_followed_by_the_last_of_march() -> None:
    anchor, february = datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 2, 28, 9, tzinfo=UTC)

    found = renewals.first_renewal(anchor, february, ("month", 1), date(2026, 3, 1))

    assert found == datetime(2026, 3, 31, 9, tzinfo=UTC)


@given(today=st.dates(date(2026, 1, 1), date(2027, 1, 1)), notice=st.integers(0, 90), from_day=st.none() | st.dates())
def test_a_price_never_changes_before_its_notice_or_its_day(today: date, notice: int, from_day: date | None) -> None:
    earliest = renewals.earliest_day(today, notice, from_day)

    assert (earliest - today).days >= notice
    assert from_day is None or earliest >= from_day
    assert earliest in (from_day, today + timedelta(days=notice))
