"""Meters that take the last value, count events, or add up windows."""

from datetime import timedelta

import pytest

from tests.support.metering.metered import START, Metered, metered
from tests.support.stripe.worlds import World
from tests.support.usage.reports import quantity, results

# Properties and the storm run on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def seats(world: World, staff_id: int) -> Metered:
    """A gauge billed by its last level."""
    return metered(world, staff_id, "last", "gauge")


def test_a_level_is_sent_when_it_changed_and_at_the_start_of_every_period(seats: Metered) -> None:
    test_clock = seats.new_clock()
    paying = seats.subscribe(test_clock=test_clock)
    seats.measure(5)
    seats.work()
    seats.work()
    seats.measure(8)
    seats.work()
    seats.measure(8)
    seats.work()
    end = START + timedelta(days=31)
    seats.advance(test_clock, end + timedelta(minutes=20))
    seats.work()

    sent = seats.at_stripe(paying.customer)
    assert [value for _, value in sent] == [5, 8, 8]
    assert sent[1][0] > sent[0][0]
    assert sent[2][0] >= end


def test_the_last_level_of_a_period_is_sent_after_its_end(seats: Metered) -> None:
    test_clock = seats.new_clock()
    paying = seats.subscribe(test_clock=test_clock)
    end = START + timedelta(days=31)
    seats.measure(5)
    seats.work()
    seats.advance(test_clock, end + timedelta(minutes=20))
    seats.measure(7, end - timedelta(minutes=2))
    seats.measure(9, end + timedelta(minutes=2))
    seats.work()

    sent = sorted(seats.at_stripe(paying.customer))
    assert [value for at, value in sent if at < end][-1] == 7
    assert [value for at, value in sent if at >= end][-1] == 9


def test_a_meter_of_events_gets_one_for_each_record(world: World, staff_id: int) -> None:
    calls = metered(world, staff_id, "count")
    paying = calls.subscribe()
    for _ in range(3):
        calls.use(1)
    calls.work()
    calls.use(1)
    calls.work()

    assert [value for _, value in calls.at_stripe(paying.customer)] == [1, 1, 1, 1]


def test_a_quantity_other_than_one_is_refused_where_records_are_counted(world: World, staff_id: int) -> None:
    calls = metered(world, staff_id, "count")
    calls.subscribe()

    taken = calls.take(*(quantity(f"key-{number}", "harbor", "messages", number) for number in (1, 2)))

    assert results(taken) == ["accepted", "quantity_not_one"]


@pytest.mark.parametrize("window", ["hour", "day"])
def test_a_window_gets_its_running_total(world: World, staff_id: int, window: str) -> None:
    calls = metered(world, staff_id, window=window)
    test_clock = calls.new_clock()
    paying = calls.subscribe(test_clock=test_clock)
    calls.use(3)
    calls.work()
    calls.use(4)
    calls.work()
    calls.advance(test_clock, START + timedelta(days=1, hours=2))
    calls.use(2, START + timedelta(days=1, hours=1))
    calls.work()
    calls.work()

    assert [value for _, value in calls.at_stripe(paying.customer)] == [3, 7, 2]
    assert {(day.counted, day.prepared) for day in calls.days()} == {(7, 7), (2, 2)}
