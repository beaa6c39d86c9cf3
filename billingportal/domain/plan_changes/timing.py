"""The direction of a change and its possible timings. Pure: the partner's order of plans decides, no guess."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from billingportal.domain.offers.offers import Period, length
from billingportal.models.plan_changes.plan_change import ChangeTiming

Direction = Literal["up", "down", "same"]


@dataclass(frozen=True)
class Had:
    """A plan with its position in the partner's order, its period and its `quantities` by resource key."""

    plan_id: int
    position: int
    period: Period
    quantities: Mapping[str, int] = field(default_factory=dict)


def direction(now: Had, wanted: Had) -> Direction:
    """Another plan: its position decides. The same plan: a longer period is up, a shorter one down; with the same
    period the quantities decide, and it is up if any of them grows."""
    if now.plan_id != wanted.plan_id:
        return "up" if (wanted.position, wanted.plan_id) > (now.position, now.plan_id) else "down"
    before, after = length(now.period), length(wanted.period)
    if before != after:
        return "up" if after > before else "down"
    steps = [
        wanted.quantities.get(key, 0) - now.quantities.get(key, 0) for key in now.quantities.keys() | wanted.quantities
    ]
    if any(step > 0 for step in steps):
        return "up"
    return "down" if any(step < 0 for step in steps) else "same"


def timings(towards: Direction, *, is_on_trial: bool, allows_downgrade_at_once: bool) -> tuple[ChangeTiming, ...]:
    """The possible timings, the usual first. On trial nothing is paid for yet, so every change is made now."""
    if is_on_trial or towards != "down":
        return ("now",)
    return ("renewal", "now") if allows_downgrade_at_once else ("renewal",)
