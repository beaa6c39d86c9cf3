"""Rehearsals, lives and steps as the engine writes them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.models import Rehearsal, RehearsalLife, RehearsalStep
from billingportal.plain_json import Json, JsonObject


def add_rehearsal(session: Session, account_id: int, **given: Any) -> Rehearsal:
    moment = now()
    values: dict[str, Any] = {"state": "running", "created_at": moment, "started_at": moment, **given}
    rehearsal = Rehearsal(processor_account_id=account_id, **values)
    session.add(rehearsal)
    session.flush()
    return rehearsal


def add_life(session: Session, rehearsal: Rehearsal, plan_id: int, **given: Any) -> RehearsalLife:
    values: dict[str, Any] = {"interval": "month", "interval_count": 1, "currency": "usd", "state": "running", **given}
    life = RehearsalLife(rehearsal_id=rehearsal.id, plan_id=plan_id, **values)
    session.add(life)
    session.flush()
    return life


def add_step(session: Session, life: RehearsalLife, position: int, title: str, **given: Any) -> RehearsalStep:
    """A step that took three seconds, unless it waits."""
    started: datetime | None = now() - timedelta(seconds=3)
    values: dict[str, Any] = {"kind": "subscribe", "state": "ended", "verdict": "passed", **given}
    if values["state"] == "waiting":
        started, values["verdict"] = None, None
    ended = now() if values["state"] == "ended" else None
    values = {"started_at": started, "ended_at": ended, "idempotency_key": f"step-{life.id}-{position}", **values}
    step = RehearsalStep(rehearsal_life_id=life.id, position=position, title=title, **values)
    session.add(step)
    session.flush()
    return step


def compared(title: str, expected: str, seen: str | None = None, **more: Json) -> JsonObject:
    """A compared row: equal unless something else was seen."""
    actual = expected if seen is None else seen
    return {
        "title": title,
        "expected": expected,
        "seen": actual,
        "result": "equal" if actual == expected else "differs",
        **more,
    }
