"""The geometry of charts: what is drawn stays inside, in proportion, and the axis holds it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.web.common.rendering.series import (
    HEIGHT,
    LEAST_BARS,
    WIDTH,
    Kind,
    Legend,
    Point,
    axis,
    compact,
    series,
    spark,
)

values = st.integers(0, 10**13)
points = st.lists(st.builds(Point, st.just("1 Nov"), values, values, st.booleans()), max_size=62)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (12_500, "12.5k"),
        (250_000, "250k"),
        (2_500_000, "2.5M"),
        (10**12, "1,000B"),
    ],
)
def test_axis_labels_are_short(number: int, words: str) -> None:
    assert compact(number) == words


@pytest.mark.parametrize(
    ("highest", "step", "steps"), [(1, 1, 2), (3, 1, 3), (12, 5, 3), (60, 20, 3), (110, 25, 5), (400_000, 100_000, 4)]
)
def test_an_axis_has_steps_that_people_count_in(highest: int, step: int, steps: int) -> None:
    assert axis(highest) == (step, steps)


@given(st.integers(1, 10**15))
def test_an_axis_holds_its_highest_value_in_two_to_five_steps(highest: int) -> None:
    step, steps = axis(highest)
    assert 2 <= steps <= 5
    assert highest <= step * steps
    assert highest > step * (steps - 1) or steps == 2


@given(points, st.sampled_from(["bars", "line"]), st.none() | values)
def test_everything_is_inside_the_drawing(drawn: list[Point], kind: Kind, limit: int | None) -> None:
    found = series(drawn, kind, Legend("Used", "Billed extra", "Limit"), limit)
    for mark in found.marks:
        assert mark.x >= 0
        assert mark.x + mark.width <= WIDTH + 0.2
        assert mark.y >= 0
        assert mark.y + mark.height <= HEIGHT + 0.2
        assert mark.height >= 0
    numbers = [float(one) for text in (found.line, found.next_line, found.area) for one in re.findall(r"[\d.]+", text)]
    assert all(0 <= number <= WIDTH for number in numbers)
    assert found.limit_y is None or 0 <= found.limit_y <= HEIGHT
    assert len(found.labels) == max(len(drawn), LEAST_BARS if kind == "bars" else 0)
    assert sum(bool(label) for label in found.labels) <= 5


def test_bars_stand_on_the_axis_and_extra_stands_on_them() -> None:
    drawn = [Point("1 Nov", 50), Point("2 Nov", 50, 50), Point("3 Nov", 100, is_next=True)]
    found = series(drawn, "bars", Legend("Included", "Billed extra"))

    assert [(mark.kind, mark.y, mark.height) for mark in found.marks] == [
        ("bar", 100, 100),
        ("bar", 100, 100),
        ("bar is-extra", 0, 100),
        ("bar is-next", 0, 200),
    ]
    assert found.marks[3].title == "3 Nov: 100 (projected)"
    assert found.ticks == ("0", "20", "40", "60", "80", "100")


def test_a_line_goes_on_dashed_from_the_last_known_point() -> None:
    found = series([Point("1", 0), Point("2", 100), Point("3", 100, is_next=True)], "line", Legend(), limit=100)

    assert found.line == "M166.7 200.0L500.0 0.0"
    assert found.next_line == "M500.0 0.0L833.3 0.0"
    assert found.limit_y == 0


def test_no_points_make_an_empty_chart() -> None:
    found = series([], "line", Legend())
    assert (found.line, found.area, found.marks) == ("", "", ())


def test_a_spark_shows_the_shape() -> None:
    assert spark([10, 20]) == "M0.0 21.0L100.0 3.0"
    assert spark([7]) == "M0.0 21.0"
    assert spark([0, 0]) == "M0.0 21.0L100.0 21.0"
