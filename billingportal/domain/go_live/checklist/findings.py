"""What the checks of Health say about some keys: clear, found, or not to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.findings.keys import SEVERITY
from billingportal.models import HealthCheck, HealthFinding


@dataclass(frozen=True)
class Told:
    """`as_of` is the oldest of the moments for which it stands. `problem`: why it cannot be told."""

    state: Literal["clear", "found", "unknown"]
    found: tuple[HealthFinding, ...] = ()
    as_of: datetime | None = None
    problem: str = ""


def told(session: Session, keys: Sequence[str]) -> Told:
    """What is known about these keys. One that no check covers is unknown.

    A finding that was seen once counts, also before it is raised.
    """
    names = {check.name for check in CHECKS if set(check.keys) & set(keys)}
    covered = {key for check in CHECKS for key in check.keys}
    rows = session.scalars(select(HealthCheck).where(HealthCheck.name.in_(names))).all()
    as_of = min((row.as_of for row in rows if row.as_of is not None), default=None)
    found = session.scalars(
        select(HealthFinding)
        .where(HealthFinding.key.in_(keys), HealthFinding.seen_in_a_row > 0, HealthFinding.gone_at.is_(None))
        .order_by(HealthFinding.first_seen_at)
    ).all()
    if found:
        return Told("found", tuple(found), as_of)
    unfinished = next((row for row in rows if row.state != "finished" or row.as_of is None), None)
    if unfinished is not None:
        return Told("unknown", as_of=as_of, problem=unfinished.problem)
    if len(rows) < len(names) or not set(keys) <= covered:
        return Told("unknown", problem="It has not been checked yet.")
    return Told("clear", as_of=as_of)


def money_keys() -> tuple[str, ...]:
    """Every key that means money."""
    return tuple(key for key, severity in SEVERITY.items() if severity == "money")
