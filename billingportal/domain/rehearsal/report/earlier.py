"""A rehearsal beside the one before it: which differences are new, and which are gone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from billingportal.domain.rehearsal import listing
from billingportal.models import Rehearsal, RehearsalLife

Place = tuple[str, str, str]  # life, step and row, in words


@dataclass(frozen=True)
class Earlier:
    """What differs now and did not before (`new`), and the other way round (`gone`). Plans of one only are left out."""

    rehearsal_id: int
    ended_at: datetime
    new: tuple[Place, ...]
    gone: tuple[Place, ...]


def beside_earlier(session: Session, rehearsal: Rehearsal) -> Earlier | None:
    """The newest finished rehearsal before this one that played one of its lives; None where there is none."""
    before = latest_before(session, rehearsal)
    if before is None:
        return None
    now, then = differing(session, rehearsal.id), differing(session, before.id)
    both = now.keys() & then.keys()
    new = [place for life in now if life in both for place in now[life] if place not in then[life]]
    gone = [place for life in then if life in both for place in then[life] if place not in now[life]]
    return Earlier(before.id, before.ended_at or before.created_at, tuple(new), tuple(gone))


def latest_before(session: Session, rehearsal: Rehearsal) -> Rehearsal | None:
    here, there = aliased(RehearsalLife), aliased(RehearsalLife)
    names = ("plan_id", "interval", "interval_count", "currency")
    is_same = and_(*(getattr(here, name) == getattr(there, name) for name in names))
    found: Rehearsal | None = session.scalar(
        select(Rehearsal)
        .join(there, there.rehearsal_id == Rehearsal.id)
        .join(here, is_same)
        .where(
            here.rehearsal_id == rehearsal.id,
            Rehearsal.processor_account_id == rehearsal.processor_account_id,
            Rehearsal.state == "finished",
            Rehearsal.is_quick == rehearsal.is_quick,
            Rehearsal.id < rehearsal.id,
        )
        .order_by(Rehearsal.id.desc())
        .limit(1)
    )
    return found


def differing(session: Session, rehearsal_id: int) -> dict[str, list[Place]]:
    """The rows that differ, by life."""
    found: dict[str, list[Place]] = {}
    for life in listing.lives_of(session, rehearsal_id):
        words = listing.life_words(life)
        found[words] = [
            (words, step.title, str(row.get("title")))
            for step in listing.steps_of(session, life.id)
            for row in step.checks
            if isinstance(row, dict) and row.get("result") == "differs"
        ]
    return found
