"""Rehearsals in plain words, from their rows."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import RehearsalLife, RehearsalStep

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
