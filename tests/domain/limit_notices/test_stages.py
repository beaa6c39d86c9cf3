"""The stages of a limit: when each is reached, when it is over, and that it is told once."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.limit_notices.stages import FALL, PERCENT, STAGES, Use, changes, has_left, is_at, stages_of
from billingportal.models import LimitNotice
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.usage.limit_notice import LimitStage

ALL = frozenset(STAGES)


def use_of(used: int, quota: int | None = 1000, reaction: Reaction = "block", cap: int | None = None) -> Use:
    return Use(used, quota, reaction, cap, ALL)


@pytest.mark.parametrize(
    ("use", "stages"),
    [
        (use_of(799), ()),
        (use_of(800), ("warning",)),
        (use_of(1000), ("warning", "reached")),
        (use_of(1001), ("warning", "reached", "exceeded")),
        (use_of(5000, None), ()),
        (use_of(0, 0), ()),
        (use_of(1, 0), ("warning", "reached", "exceeded")),
        (use_of(1500, reaction="bill", cap=2000), ("warning", "reached", "exceeded")),
        (use_of(2000, reaction="bill", cap=2000), ("warning", "reached", "exceeded", "cap")),
        (use_of(2000, reaction="block", cap=500), ("warning", "reached", "exceeded")),
        (use_of(0, reaction="bill", cap=0), ()),
    ],
)
def test_a_use_is_at_these_stages(use: Use, stages: tuple[LimitStage, ...]) -> None:
    assert stages_of(use) == stages


def test_a_stage_that_staff_switched_off_is_not_told() -> None:
    use = Use(1001, 1000, "block", None, frozenset({"exceeded"}))

    assert stages_of(use) == ("exceeded",)


@pytest.mark.parametrize(
    ("used", "stage", "is_over"),
    [
        (750, "warning", False),
        (749, "warning", True),
        (950, "reached", False),
        (949, "reached", True),
        (0, "reached", True),
    ],
)
def test_a_stage_is_over_only_5_points_below_it(used: int, stage: LimitStage, *, is_over: bool) -> None:
    assert has_left(use_of(used), stage, told_limit=1000) is is_over


def test_another_limit_needs_no_fall() -> None:
    assert has_left(use_of(1000, 1010), "reached", told_limit=1000)
    assert not has_left(use_of(1000, 900), "reached", told_limit=1000)


numbers = st.integers(0, 10**12)


@given(numbers, numbers, st.sampled_from(STAGES))
def test_a_stage_is_never_reached_and_over_at_once(used: int, quota: int, stage: LimitStage) -> None:
    use = use_of(used, quota, "bill", quota)
    assert not (is_at(use, stage) and has_left(use, stage, quota))


@given(st.lists(st.integers(0, 150), max_size=60))
def test_each_stage_is_told_once_until_the_use_has_fallen_5_points_below(course: list[int]) -> None:
    """Told by the rule of the page, step by step, against a model that only knows the last told stage."""
    open_notices: list[LimitNotice] = []
    is_told: dict[LimitStage, bool] = dict.fromkeys(STAGES, False)
    for used in course:
        use = use_of(used, 100)
        news = changes(use, open_notices)
        expected = [stage for stage in STAGES if is_at(use, stage) and not is_told[stage]]
        assert list(news.reached) == expected
        for stage in STAGES:
            is_told[stage] = stage in news.reached or (is_told[stage] and used >= PERCENT[stage] - FALL)
        open_notices = [one for one in open_notices if one not in news.left]
        open_notices += [notice(stage) for stage in news.reached]


def notice(stage: LimitStage) -> LimitNotice:
    return LimitNotice(stage=stage, quota=100, noticed_at=datetime(2026, 11, 1, tzinfo=UTC))
