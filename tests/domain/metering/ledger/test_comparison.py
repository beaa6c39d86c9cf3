"""What Stripe's total of a day says about the day's events. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.metering.ledger.comparison import Comparison, compare
from billingportal.domain.metering.ledger.subsets import any_subset, only_subset
from billingportal.models import Meter, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
OLD, YOUNG = timedelta(hours=5), timedelta(minutes=10)


def meter(aggregation: str = "sum", window: str | None = None) -> Meter:
    return Meter(aggregation=aggregation, event_time_window=window)


def events(*given: tuple[int, MeterEventState] | tuple[int, MeterEventState, timedelta]) -> list[MeterEvent]:
    """Values with states, and how long ago they were sent: 5 hours unless said. One a minute."""
    start = NOW - timedelta(hours=9)
    return [
        MeterEvent(
            id=place + 1,
            value=one[0],
            state=one[1],
            at=start + timedelta(minutes=place),
            sent_at=NOW - (one[2] if len(one) == 3 else OLD),
            attempts=1,
        )
        for place, one in enumerate(given)
    ]


def look(rows: Sequence[MeterEvent], total: int | str, **of_meter: str) -> Comparison:
    return compare(meter(**of_meter), rows, Decimal(total), NOW)


def ids(comparison: Comparison) -> list[int]:
    return [event.id for event in comparison.suspects]


def test_equal_totals_prove_also_what_got_no_answer() -> None:
    assert look(events((84, "in_doubt"), (9, "sent"), (12, "confirmed")), 105).verdict == "equal"


def test_less_within_the_hour_is_on_its_way_and_later_missing() -> None:
    assert look(events((60, "sent"), (40, "sent", YOUNG)), 60).verdict == "on_its_way"
    assert look(events((60, "sent"), (40, "sent", YOUNG)), 70).verdict == "on_its_way"
    late = look(events((60, "sent"), (40, "sent")), 60)
    assert (late.verdict, late.by, ids(late), late.is_certain) == ("missing", 40, [2], True)


def test_what_a_client_sends_every_minute_is_no_alarm() -> None:
    rows = events(*((5, "sent", timedelta(minutes=minute)) for minute in range(0, 300, 5)))
    firm = sum(5 for minute in range(60, 300, 5))
    assert look(rows, firm).verdict == "on_its_way"
    assert look(rows, firm - 5).verdict == "missing"


def test_less_names_the_events_that_got_no_answer_first() -> None:
    found = look(events((84, "in_doubt"), (102, "in_doubt"), (186, "sent"), (9, "confirmed")), 195)
    assert (found.by, ids(found), found.is_certain) == (186, [1, 2], True)


def test_less_names_the_only_set_of_values_that_explains_it() -> None:
    found = look(events((10, "sent"), (23, "sent"), (40, "sent"), (81, "sent")), 154 - 63)
    assert (found.by, ids(found), found.is_certain) == (63, [2, 3], True)


def test_where_several_sets_explain_it_all_that_is_unconfirmed_may_be_missing() -> None:
    found = look(events((10, "sent"), (10, "sent"), (30, "sent"), (7, "confirmed")), 47)
    assert (found.by, ids(found), found.is_certain) == (10, [1, 2, 3], False)


def test_a_day_that_was_lost_after_it_was_confirmed_names_all_of_it() -> None:
    found = look(events((10, "confirmed"), (20, "confirmed")), 0)
    assert (found.verdict, found.by, ids(found)) == ("missing", 30, [1, 2])


def test_more_means_somebody_else() -> None:
    found = look(events((610, "confirmed")), 810)
    assert (found.verdict, found.by) == ("more", 200)
    assert look([], 5).by == 5


def test_more_is_measured_from_what_may_still_arrive() -> None:
    rows = events((610, "sent"), (40, "due"), (30, "sent", YOUNG))
    assert look(rows, 680).verdict == "on_its_way"
    assert look(rows, 700).by == 20


def test_what_was_refused_cancelled_or_billed_otherwise_is_not_expected() -> None:
    rows = events((48, "rejected"), (20, "cancelled"), (5, "too_late"), (9, "sent"), (7, "sent"))
    rows[4].billed_stripe_item_id = "ii_1"
    assert look(rows, 9).verdict == "equal"


def test_an_adjustment_under_way_may_be_in_the_total_or_not() -> None:
    rows = events((20, "cancelling"), (9, "sent"))
    assert {look(rows, total).verdict for total in (9, 29)} == {"equal", "on_its_way"}


def test_a_correction_may_arrive_before_what_it_corrects() -> None:
    rows = events((100, "sent"), (-30, "sent", YOUNG))
    assert [look(rows, total).verdict for total in (70, 85, 100, 69, 101)] == [
        "equal",
        "on_its_way",
        "on_its_way",
        "missing",
        "more",
    ]


def test_a_fraction_never_equals_by_rounding() -> None:
    assert look(events((10, "sent")), "9.5").verdict == "missing"
    assert look(events((10, "sent")), "10.5").verdict == "more"
    assert look(events((10, "sent")), "10.0").verdict == "equal"


def test_a_counting_meter_counts_events_whatever_their_value() -> None:
    rows = events((5, "sent"), (7, "sent"), (9, "sent"))
    assert look(rows, 3, aggregation="count").verdict == "equal"
    assert look(rows, 2, aggregation="count").by == 1


def test_of_levels_the_newest_counts() -> None:
    rows = events((100, "sent"), (120, "sent"), (90, "sent"))
    assert look(rows, 90, aggregation="last").verdict == "equal"
    lower = look(rows, 120, aggregation="last")
    assert (lower.verdict, ids(lower)) == ("missing", [3])
    assert look(rows, 500, aggregation="last").verdict == "more"
    assert look(events((100, "sent"), (120, "sent", YOUNG)), 100, aggregation="last").verdict == "on_its_way"


@pytest.mark.parametrize(("window", "total"), [("hour", 16), ("day", 9)])
def test_of_each_window_the_newest_counts(window: str, total: int) -> None:
    rows = events((3, "sent"), (7, "sent"), (9, "sent"))
    rows[2].at += timedelta(hours=1)
    assert look(rows, total, window=window).verdict == "equal"
    assert look(rows, total - 1, window=window).verdict == "missing"


@given(st.lists(st.integers(-20, 60), max_size=8), st.integers(-40, 200))
def test_a_subset_is_named_only_where_it_is_the_only_one(values: list[int], wanted: int) -> None:
    items = list(enumerate(values))
    sets = [
        set(chosen)
        for size in range(len(items) + 1)
        for chosen in combinations(range(len(values)), size)
        if sum(values[place] for place in chosen) == wanted
    ]
    only, some = only_subset(items, wanted), any_subset(items, wanted)
    expected = [one for one in sets if one] if len(sets) == 1 else []
    assert [set(only)] == expected if only else not expected
    assert set(some) in sets if some else not (wanted and sets)


def test_too_many_sums_are_not_followed() -> None:
    items = [(place, 3**place) for place in range(25)]
    assert only_subset(items, sum(3**place for place in range(25)) - 1) is None
