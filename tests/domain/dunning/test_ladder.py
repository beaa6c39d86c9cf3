"""The ladder of a failing payment: which step is taken when."""

from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st

from billingportal.domain.dunning.ladder import DEFAULT, Ladder, rung, steps
from billingportal.models.entitlements.entitlement import LadderStep

FAILED = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ORDER: list[LadderStep] = ["none", "grace", "warned", "limited", "suspended"]


@pytest.mark.parametrize(
    ("days", "step", "ends_after", "access"),
    [
        (0, "grace", 3, "full"),
        (2.99, "grace", 3, "full"),
        (3, "warned", 7, "full"),
        (7, "limited", 14, "limited"),
        (14, "suspended", None, "suspended"),
        (400, "suspended", None, "suspended"),
    ],
)
def test_the_usual_ladder(days: float, step: LadderStep, ends_after: int | None, access: str) -> None:
    found = rung(DEFAULT, FAILED, FAILED + days * DAY)

    assert (found.step, found.access) == (step, access)
    assert found.ends_at == (None if ends_after is None else FAILED + ends_after * DAY)


def test_whose_payment_does_not_fail_stands_on_no_step() -> None:
    found = rung(DEFAULT, None, FAILED)
    assert (found.step, found.ends_at, found.access) == ("none", None, "full")


def test_a_failure_that_is_told_before_its_time_begins_with_grace() -> None:
    found = rung(DEFAULT, FAILED, FAILED - DAY)
    assert (found.step, found.ends_at) == ("grace", FAILED + 3 * DAY)


def test_steps_that_are_never_taken_are_left_out() -> None:
    patient = Ladder(2, None, None)

    assert [step for step, _ in steps(patient, FAILED)] == ["grace", "warned"]
    assert rung(patient, FAILED, FAILED + 900 * DAY).step == "warned"
    assert rung(Ladder(2, None, 5), FAILED, FAILED + 3 * DAY).ends_at == FAILED + 5 * DAY


def test_without_grace_the_first_day_counts_as_the_last_step_of_that_day() -> None:
    assert rung(Ladder(0, 0, None), FAILED, FAILED).step == "limited"


@hypothesis.given(
    st.integers(0, 30), st.none() | st.integers(0, 30), st.none() | st.integers(0, 30), st.lists(st.floats(0, 99))
)
def test_time_only_leads_further_down(warn: int, limit: int | None, suspend: int | None, days: list[float]) -> None:
    given = [warn, *(one for one in (limit, suspend) if one is not None)]
    hypothesis.assume(given == sorted(given))
    ladder = Ladder(warn, limit, suspend)

    taken = [ORDER.index(rung(ladder, FAILED, FAILED + day * DAY).step) for day in sorted(days)]
    assert taken == sorted(taken)
