"""Billing periods on the calendar."""

from datetime import UTC, datetime

import pytest

from billingportal.sandbox.periods import after


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        ("2026-01-31T10:00", "month", 1, "2026-02-28T10:00"),
        ("2026-01-31T10:00", "month", 2, "2026-03-31T10:00"),
        ("2028-02-29T00:00", "year", 1, "2029-02-28T00:00"),
        ("2026-12-15T00:00", "month", 1, "2027-01-15T00:00"),
        ("2026-03-28T12:00", "week", 2, "2026-04-11T12:00"),
        ("2026-02-28T00:00", "day", 1, "2026-03-01T00:00"),
    ],
)
def test_periods_keep_the_anchors_day_where_the_month_has_it(start: str, interval: str, count: int, end: str) -> None:
    assert after(moment(start), interval, count) == moment(end)
