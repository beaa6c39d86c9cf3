"""What the checks of Health say about some keys: clear, found, or not to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.health.agreement import NOT_YET, check_states
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.findings.keys import SEVERITY
from billingportal.models import HealthFinding


@dataclass(frozen=True)
class Told:
    """`as_of` is the oldest of the moments for which it stands. `problem`: why it cannot be told."""

    state: Literal["clear", "found", "unknown"]
    found: tuple[HealthFinding, ...] = ()
    as_of: datetime | None = None
    problem: str = ""


def told(session: Session, keys: Sequence[str]) -> Told:
    """What is known about these keys. One that no check covers, or whose check is overdue, is unknown.

    A finding that was seen once counts, also before it is raised.
    """
    wanted = set(keys)
    checks = [check for check in CHECKS if wanted & set(check.keys)]
    states = check_states(session, checks)
    as_of = min((one.as_of for one in states if one.as_of is not None), default=None)
    found = session.scalars(
        select(HealthFinding)
        .where(HealthFinding.key.in_(keys), HealthFinding.seen_in_a_row > 0, HealthFinding.gone_at.is_(None))
        .order_by(HealthFinding.first_seen_at)
    ).all()
    if found:
        return Told("found", tuple(found), as_of)
    problem = next((one.problem for one in states if not one.is_known), "")
    if problem or not wanted <= {key for check in checks for key in check.keys}:
        return Told("unknown", as_of=as_of, problem=problem or NOT_YET)
    return Told("clear", as_of=as_of)


def money_keys() -> tuple[str, ...]:
    """Every key that means money."""
    return tuple(key for key, severity in SEVERITY.items() if severity == "money")
