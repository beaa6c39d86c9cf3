"""Rehearsals in plain words and plain JSON, from their rows."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Rehearsal, RehearsalLife, RehearsalStep
from billingportal.plain_json import Json, JsonObject

WORDS = {"passed": "Passed", "failed": "Failed", "not_provable": "Not provable", "left_out": "Left out"}


def lives_of(session: Session, rehearsal_id: int) -> list[RehearsalLife]:
    """The lives in their order; of one that began anew, the last attempt only."""
    rows = session.scalars(
        select(RehearsalLife).where(RehearsalLife.rehearsal_id == rehearsal_id).order_by(RehearsalLife.id)
    )
    newest = {(one.plan_id, one.interval, one.interval_count, one.currency): one for one in rows}
    return list(newest.values())


def steps_of(session: Session, life_id: int) -> list[RehearsalStep]:
    """A life's steps in their order."""
    query = select(RehearsalStep).where(RehearsalStep.rehearsal_life_id == life_id).order_by(RehearsalStep.position)
    return list(session.scalars(query))


def life_words(life: RehearsalLife) -> str:
    count = "" if life.interval_count == 1 else f"{life.interval_count} "
    return f"{life.plan.name}, each {count}{life.interval}, {life.currency.upper()}"


def step_words(step: RehearsalStep) -> str:
    """One line for a terminal: verdict, title, and how many rows were equal."""
    results = [row.get("result") for row in step.checks if isinstance(row, dict)]
    compared = [one for one in results if one != "left_out"]
    equal = sum(1 for one in compared if one == "equal")
    told = f"{equal} of {len(compared)} equal" if compared else step.reason
    return f"{WORDS.get(step.verdict or '', 'Waiting'):12}  {step.title}: {told}"


def differences_of(step: RehearsalStep) -> list[str]:
    """One line for each row that is not equal."""
    return [
        f"{row.get('title')}: expected {row.get('expected')}, seen {row.get('seen')}. {row.get('why')}"
        for row in step.checks
        if isinstance(row, dict) and row.get("result") in ("differs", "not_yet_equal")
    ]


def to_json(session: Session, rehearsal: Rehearsal) -> JsonObject:
    """The whole rehearsal: verdicts, lives, steps and compared rows."""
    lives: list[Json] = [life_json(session, life) for life in lives_of(session, rehearsal.id)]
    return {
        "rehearsal": rehearsal.id,
        "verdict": rehearsal.verdict,
        "events": rehearsal.event_road,
        "quick": rehearsal.is_quick,
        "lives": lives,
    }


def life_json(session: Session, life: RehearsalLife) -> JsonObject:
    steps: list[Json] = [
        {"kind": one.kind, "title": one.title, "verdict": one.verdict, "reason": one.reason, "checks": one.checks}
        for one in steps_of(session, life.id)
    ]
    return {
        "plan": life.plan.name,
        "interval": life.interval,
        "interval_count": life.interval_count,
        "currency": life.currency,
        "verdict": life.verdict,
        "problem": life.problem,
        "steps": steps,
    }
