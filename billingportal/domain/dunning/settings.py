"""Reads and stores the dunning settings: after how many days each step is taken."""

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit, evaluation_queue
from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.common.locks import LADDER, take_turns
from billingportal.domain.dunning.ladder import Ladder, current
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import Client, Entitlement, LadderSettings
from billingportal.models.connection.processor_account import Mode
from billingportal.models.entitlements.entitlement import LadderStep
from billingportal.plain_json import Json

THE_ROW = 1
MOST_DAYS = 365


def read_ladder(typed: Mapping[str, str]) -> Ladder:
    """The ladder from the form's fields; an empty limit or suspend step is never taken. Raises FormErrors."""
    refusals: list[Refusal] = []
    days: dict[str, int | None] = {}
    for name in ("warn_after_days", "limit_after_days", "suspend_after_days"):
        try:
            days[name] = days_of(name, typed.get(name, ""))
        except Refusal as refusal:
            refusals.append(refusal)
    warn = days.get("warn_after_days")
    if warn is None and "warn_after_days" in days:
        refusals.append(Refusal("warn_after_days", "Write after how many days the client is warned; 0 is at once."))
    if refusals or warn is None:
        raise FormErrors(refusals)
    ladder = Ladder(warn, days["limit_after_days"], days["suspend_after_days"])
    check_order(ladder)
    return ladder


def days_of(field: str, typed: str) -> int | None:
    """A whole number of days; None when nothing was typed. Raises Refusal."""
    written = typed.strip()
    if not written:
        return None
    days = whole_number(written, MOST_DAYS)
    if days is None:
        raise Refusal(field, f"Write a whole number of days, from 0 to {MOST_DAYS}.")
    return days


def check_order(ladder: Ladder) -> None:
    """Each step comes after the one before. Raises FormErrors."""
    refusals: list[Refusal] = []
    limit, suspend = ladder.limit_after_days, ladder.suspend_after_days
    if limit is not None and limit <= ladder.warn_after_days:
        words = f"Warn first: this has to be more than {ladder.warn_after_days} days, or empty."
        refusals.append(Refusal("limit_after_days", words))
    before = ladder.warn_after_days if limit is None else limit
    if suspend is not None and suspend <= before:
        first = "Warn first" if limit is None else "Limit first"
        refusals.append(Refusal("suspend_after_days", f"{first}: this has to be more than {before} days, or empty."))
    if refusals:
        raise FormErrors(refusals)


def save_ladder(session: Session, chosen: Ladder, *, staff_id: int) -> bool:
    """Store the ladder and mark clients whose payment fails for evaluation. Returns whether it changed."""
    take_turns(session, LADDER)
    before = current(session)
    row = session.get(LadderSettings, THE_ROW) or LadderSettings(id=THE_ROW)
    for name, days in asdict(chosen).items():
        setattr(row, name, days)
    row.updated_at = clock.now()
    session.add(row)
    if chosen == before:
        return False
    details: dict[str, Json] = {"before": asdict(before), "after": asdict(chosen)}
    audit.record_act(
        session, audit.Act("ladder.updated", f"Failed payments: {summary(chosen)}", staff_id=staff_id, details=details)
    )
    evaluation_queue.mark_failing(session)
    return True


def summary(ladder: Ladder) -> str:
    days = {"warn": ladder.warn_after_days, "limit": ladder.limit_after_days, "suspend": ladder.suspend_after_days}
    return ", ".join(f"{step} {after(number)}" for step, number in days.items())


def after(days: int | None) -> str:
    if days is None:
        return "never"
    return "at once" if days == 0 else f"after {days} day{'s' if days != 1 else ''}"


def counts(session: Session, mode: Mode) -> dict[LadderStep, int]:
    """The number of clients of a mode on each step now; steps without clients are left out."""
    rows = session.execute(
        select(Entitlement.step, func.count())
        .join(Client, Client.id == Entitlement.client_id)
        .where(Entitlement.step != "none", Client.mode == mode, Client.archived_at.is_(None))
        .group_by(Entitlement.step)
    )
    return {row[0]: row[1] for row in rows}
