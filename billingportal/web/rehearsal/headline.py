"""What a rehearsal came to, in one sentence, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billingportal.clock import now
from billingportal.domain.common.plurals import counted
from billingportal.domain.common.severity import Severity
from billingportal.models import Rehearsal
from billingportal.web.rehearsal.view import LifeView, PlanView, StepView, seconds_words


@dataclass(frozen=True)
class Progress:
    """Steps that have ended, and times in words."""

    done: int
    total: int
    elapsed: str
    left: str


def progress(rehearsal: Rehearsal, plans: Sequence[PlanView]) -> Progress:
    """The time that is left is estimated from the steps that have ended."""
    steps = [step.step for plan in plans for step in plan.steps if step.step.verdict != "left_out"]
    done = sum(1 for step in steps if step.state == "ended")
    since = now() - (rehearsal.started_at or now())
    rest = since / done * (len(steps) - done) if done else None
    return Progress(done, len(steps), seconds_words(since), f"about {seconds_words(rest)} left" if rest else "")


@dataclass(frozen=True)
class Headline:
    """The verdict of the whole page."""

    severity: Severity
    title: str
    text: str


def headline(rehearsal: Rehearsal, plans: Sequence[PlanView]) -> Headline:
    """One sentence with the figures."""
    checks = [row for plan in plans for step in plan.steps for row in step.checks if row.get("result") != "left_out"]
    equal = sum(1 for row in checks if row.get("result") == "equal")
    figures = f"{equal:,} of {counted(len(checks), 'checks')} equal to the cent."
    if rehearsal.state == "canceled":
        return Headline("mute", "Canceled", f"{figures} Nothing is left at Stripe.")
    if rehearsal.state == "broken":
        return Headline("warn", "It could not be played to its end", rehearsal.problem)
    failed = [plan for plan in plans if plan.look[1] == "Failed"]
    if failed:
        steps = [step for plan in failed for step in plan.steps if step.step.verdict == "failed"]
        named = failed[0].name if len(failed) == 1 else counted(len(failed), "plans")
        verb = "is" if len(failed) == 1 else "are"
        return Headline(
            "bad", f"{named} {verb} wrong at {counted(len(steps), 'steps')}", f"{steps[0].words}. {figures}"
        )
    unproven = [plan for plan in plans if plan.look[1] == "Not provable"]
    if unproven:
        rest = f"{counted(len(plans) - len(unproven), 'plans')} right, " if len(plans) > len(unproven) else ""
        return Headline(
            "warn", f"{rest}{len(unproven)} not provable", f"{figures} None differs. Not provable is not wrong."
        )
    title = (
        f"All {len(plans)} plans are right" if len(plans) > 1 else f"{plans[0].name} is right" if plans else "Nothing"
    )
    return Headline("ok", title, f"{figures} {delivered(rehearsal)}")


def delivered(rehearsal: Rehearsal) -> str:
    if rehearsal.event_road == "webhook":
        return "Every expected event arrived through the webhook, once."
    return "Events were read by catch-up, so deliveries were not proven."


def first_difference(plans: Sequence[PlanView]) -> tuple[PlanView, LifeView, StepView] | None:
    """The step that is shown opened: the first that failed."""
    return next(
        (
            (plan, life, step)
            for plan in plans
            for life in plan.lives
            for step in life.steps
            if step.step.verdict == "failed"
        ),
        None,
    )


def ended_words(rehearsal: Rehearsal, at: datetime | None) -> str:
    start = rehearsal.started_at
    return f"took {seconds_words(at - start)}" if at is not None and start is not None else ""
