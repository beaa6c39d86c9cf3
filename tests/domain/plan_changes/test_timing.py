"""What counts as up and down: the partner's order of plans, then the period, then the numbers bought."""

import pytest

from billingportal.domain.plan_changes.timing import Direction, Had, direction, timings
from billingportal.models.plan_changes.plan_change import ChangeTiming

MONTH, YEAR = ("month", 1), ("year", 1)
GROWTH = Had(2, 5, MONTH, {"contacts": 100, "seats": 5})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Had(3, 6, MONTH), "up"),
        (Had(1, 4, YEAR), "down"),
        (Had(3, 5, MONTH), "up"),
        (Had(1, 5, MONTH), "down"),
        (Had(2, 5, YEAR, {"contacts": 1}), "up"),
        (Had(2, 5, ("week", 1), {"contacts": 1000}), "down"),
        (Had(2, 5, MONTH, {"contacts": 101, "seats": 5}), "up"),
        (Had(2, 5, MONTH, {"contacts": 99, "seats": 5}), "down"),
        (Had(2, 5, MONTH, {"contacts": 50, "seats": 6}), "up"),
        (Had(2, 5, MONTH, {"contacts": 100, "seats": 5}), "same"),
    ],
)
def test_the_order_of_plans_decides(wanted: Had, expected: Direction) -> None:
    assert direction(GROWTH, wanted) == expected


@pytest.mark.parametrize(
    ("towards", "is_on_trial", "allows", "expected"),
    [
        ("up", False, False, ("now",)),
        ("same", False, False, ("now",)),
        ("down", False, False, ("renewal",)),
        ("down", False, True, ("renewal", "now")),
        ("down", True, False, ("now",)),
    ],
)
def test_a_downgrade_waits_unless_the_partner_allows_it_or_nothing_is_paid_yet(
    towards: Direction, is_on_trial: bool, allows: bool, expected: tuple[ChangeTiming, ...]
) -> None:
    assert timings(towards, is_on_trial=is_on_trial, allows_downgrade_at_once=allows) == expected
