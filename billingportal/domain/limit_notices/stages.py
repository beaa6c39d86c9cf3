"""Which stages of a limit a client's use has reached, and which it has left again. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billingportal.models import LimitNotice
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.usage.limit_notice import LimitStage

# From the mildest to the gravest.
STAGES: tuple[LimitStage, ...] = ("warning", "reached", "exceeded", "cap")
# Per cent of the limit.
PERCENT: dict[LimitStage, int] = {"warning": 80, "reached": 100, "exceeded": 100, "cap": 100}
# A stage is told again only after the use has fallen this many percentage points below it.
FALL = 5


@dataclass(frozen=True)
class Use:
    """What a client uses of one resource, with its limits. `cap` is its own spending cap, in units.

    `told` are the stages that the resource gives warnings for. `quota` None is unlimited.
    """

    used: int
    quota: int | None
    reaction: Reaction
    cap: int | None
    told: frozenset[LimitStage]

    def limit_of(self, stage: LimitStage) -> int | None:
        """The limit that a stage is about. A cap only holds where use is billed."""
        if stage == "cap":
            return self.cap if self.reaction == "bill" else None
        return self.quota


@dataclass(frozen=True)
class Changes:
    """`reached`: the stages to tell now, the mildest first. `left`: the notices that are over."""

    reached: tuple[LimitStage, ...]
    left: tuple[LimitNotice, ...]

    def __bool__(self) -> bool:
        return bool(self.reached or self.left)


def is_at(use: Use, stage: LimitStage) -> bool:
    """Whether the use is at the stage. Nothing used is at none, whatever the limit."""
    limit = use.limit_of(stage)
    if limit is None or use.used == 0:
        return False
    if stage == "exceeded":
        return use.used > limit
    return use.used * 100 >= limit * PERCENT[stage]


def has_left(use: Use, stage: LimitStage, told_limit: int) -> bool:
    """Whether a told stage is over. A limit that has changed since is another one, so it needs no fall."""
    limit = use.limit_of(stage)
    if limit is None or use.used == 0:
        return True
    if is_at(use, stage):
        return False
    return limit != told_limit or use.used * 100 < limit * (PERCENT[stage] - FALL)


def stages_of(use: Use) -> tuple[LimitStage, ...]:
    """The stages that the use is at and that warnings are given for, the mildest first."""
    return tuple(stage for stage in STAGES if stage in use.told and is_at(use, stage))


def changes(use: Use, current: Sequence[LimitNotice], earlier: Iterable[LimitNotice] = ()) -> Changes:
    """What to tell and what to end. `current` are open notices of this period; `earlier` are those of others."""
    left = [notice for notice in current if has_left(use, notice.stage, notice.quota)]
    open_stages = {notice.stage for notice in current}
    reached = tuple(stage for stage in stages_of(use) if stage not in open_stages)
    return Changes(reached, (*left, *earlier))
