"""A rehearsal in the words of its pages: the verdict first, then a fold for each plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.plurals import counted
from billingportal.domain.common.severity import Severity
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.rehearsal import listing
from billingportal.domain.rehearsal.report.plan_snapshots import Change
from billingportal.models import Rehearsal, RehearsalLife, RehearsalStep
from billingportal.plain_json import JsonObject
from billingportal.web.offers.pricing_page import NAMES

# Severity, or `busy` while it runs; words; icon.
Look = tuple[Severity | Literal["busy"], str, str | None]
LOOKS: dict[str, Look] = {
    "passed": ("ok", "Passed", None),
    "failed": ("bad", "Failed", None),
    "left_out": ("mute", "Left out", "circle-minus"),
    "not_provable": ("mute", "Not provable", "help-circle"),
}
# Of a rehearsal that ended before its last step.
NOT_PLAYED: Look = ("mute", "Not played", "circle-minus")
RESULTS = {"equal": "equal", "differs": "differs", "not_yet_equal": "waiting", "left_out": "skipped"}


@dataclass(frozen=True)
class StepView:
    """`look` None: it waits. `rows` are what was compared: title, expected, seen, result."""

    step: RehearsalStep
    look: Look
    words: str
    is_running: bool = False

    @property
    def checks(self) -> list[JsonObject]:
        return [row for row in self.step.checks if isinstance(row, dict)]

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (text(row, "title"), text(row, "expected"), text(row, "seen"), RESULTS.get(text(row, "result"), ""))
            for row in self.checks
        ]

    @property
    def differing(self) -> list[JsonObject]:
        return [row for row in self.checks if row.get("result") == "differs"]


@dataclass(frozen=True)
class LifeView:
    life: RehearsalLife
    steps: Sequence[StepView]

    @property
    def words(self) -> str:
        """`Monthly, USD`."""
        return f"{period_name(self.life.interval, self.life.interval_count)}, {self.life.currency.upper()}"


@dataclass(frozen=True)
class PlanView:
    """`changes`: since this rehearsal."""

    plan_id: int
    name: str
    lives: Sequence[LifeView]
    look: Look
    is_open: bool
    changes: Sequence[Change] = ()

    @property
    def steps(self) -> list[StepView]:
        return [step for life in self.lives for step in life.steps]

    @property
    def words(self) -> str:
        compared = [row for step in self.steps for row in step.checks if row.get("result") != "left_out"]
        equal = sum(1 for row in compared if row.get("result") == "equal")
        return f"{equal:,} of {counted(len(compared), 'checks')} equal" if compared else "waiting"


def period_name(interval: str, count: int) -> str:
    """`Monthly`, or `Every 3 months`."""
    return NAMES.get((interval, count)) or period_words(interval, count).capitalize()


def text(row: JsonObject, name: str) -> str:
    found = row.get(name)
    return "" if found is None else str(found)


def plans_of(session: Session, rehearsal: Rehearsal, changes: dict[int, Sequence[Change]]) -> list[PlanView]:
    """The plans in their order. Those with trouble are open; while it runs, the one that is played."""
    by_plan: dict[int, list[RehearsalLife]] = {}
    for life in listing.lives_of(session, rehearsal.id):
        by_plan.setdefault(life.plan_id, []).append(life)
    return [plan_view(session, lives, changes.get(plan_id, ())) for plan_id, lives in by_plan.items()]


def plan_view(session: Session, lives: Sequence[RehearsalLife], changes: Sequence[Change]) -> PlanView:
    views = [LifeView(life, [step_view(step, life) for step in listing.steps_of(session, life.id)]) for life in lives]
    verdicts = {life.verdict for life in lives}
    is_running = any(life.state == "running" for life in lives)
    if "failed" in verdicts:
        look = LOOKS["failed"]
    elif is_running:
        look = ("busy", "Running", None)
    elif None in verdicts:
        look = NOT_PLAYED if all(life.state == "ended" for life in lives) else ("mute", "Waiting", None)
    else:
        look = LOOKS["not_provable" if "not_provable" in verdicts else "passed"]
    if changes and look[1] == "Passed":
        look = ("warn", "Changed since", None)
    is_open = is_running or look[1] in ("Failed", "Not provable", "Changed since")
    return PlanView(lives[0].plan_id, lives[0].plan.name, views, look, is_open, changes)


def step_view(step: RehearsalStep, life: RehearsalLife) -> StepView:
    if step.state != "ended" and life.state == "ended":
        return StepView(step, NOT_PLAYED, "the rehearsal ended before")
    if step.state != "ended":
        is_running = step.state in ("intended", "done")
        since = f"{seconds_words(now() - step.started_at)} so far" if is_running and step.started_at else ""
        return StepView(step, ("busy", "Running", None) if is_running else ("mute", "Waiting", None), since, is_running)
    view = StepView(step, LOOKS[step.verdict or "not_provable"], step.reason)
    if step.reason:
        return view
    if step.verdict == "not_provable":
        why = next((text(row, "why") for row in view.checks if row.get("result") != "equal"), "")
        return StepView(step, view.look, why)
    differing, compared = view.differing, [row for row in view.checks if row.get("result") != "left_out"]
    if differing:
        first = differing[0]
        words = f"{text(first, 'title')}: expected {text(first, 'expected')}, seen {text(first, 'seen')}"
    else:
        equal = sum(1 for row in compared if row.get("result") == "equal")
        words = f"{equal} of {counted(len(compared), 'checks')} equal" if compared else ""
    return StepView(step, view.look, words)


def seconds_words(span: timedelta) -> str:
    """`2 min 14 s`."""
    minutes, seconds = divmod(max(int(span.total_seconds()), 0), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
