"""Where an audit is, and who works on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.models import StripeAudit
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.requests.calls import PAGE_SIZE

# In this order: the lists, the rows that no list showed, the events since the last pass, and what clients may use.
Phase = Literal["lists", "events", "clients", "done"]
PHASES: tuple[Phase, ...] = ("lists", "events", "clients", "done")
# A process that dies leaves its audit to the others after this long; the longest call to Stripe takes less.
LEASE = timedelta(minutes=4)


@dataclass(frozen=True)
class Place:
    """`list_name` is the list that is read next, None before the first; `page_after` the last id of its last page,
    `is_read`: there are no more pages.

    `since` is the start on Stripe's clock: a row that was confirmed later has been seen. `behind_since`: up to when the
    events had been read before the audit, None where they had not. `problem` says why it waits for Stripe.
    """

    phase: Phase = "lists"
    list_name: str | None = None
    page_after: str | None = None
    is_read: bool = False
    page_size: int = PAGE_SIZE
    tries: int = 0
    since: datetime | None = None
    behind_since: datetime | None = None
    leased_until: datetime | None = None
    problem: str = ""

    def next_phase(self) -> "Place":
        following = PHASES[PHASES.index(self.phase) + 1]
        return replace(self, phase=following, list_name=None, page_after=None, is_read=False)

    def to_json(self) -> JsonObject:
        return {
            "phase": self.phase,
            "list": self.list_name,
            "page_after": self.page_after,
            "is_read": self.is_read,
            "page_size": self.page_size,
            "tries": self.tries,
            "since": as_text(self.since),
            "behind_since": as_text(self.behind_since),
            "leased_until": as_text(self.leased_until),
            "problem": self.problem,
        }


def as_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def place_of(audit: StripeAudit) -> Place:
    """The place that is stored with the audit."""
    stored = audit.progress
    page_size, tries = stored.get("page_size"), stored.get("tries")
    return Place(
        phase=next((phase for phase in PHASES if phase == stored.get("phase")), "lists"),
        list_name=text_of(stored, "list"),
        page_after=text_of(stored, "page_after"),
        is_read=stored.get("is_read") is True,
        page_size=page_size if isinstance(page_size, int) else PAGE_SIZE,
        tries=tries if isinstance(tries, int) else 0,
        since=moment_of(stored, "since"),
        behind_since=moment_of(stored, "behind_since"),
        leased_until=moment_of(stored, "leased_until"),
        problem=text_of(stored, "problem") or "",
    )


def text_of(stored: Mapping[str, object], name: str) -> str | None:
    value = stored.get(name)
    return value if isinstance(value, str) else None


def moment_of(stored: Mapping[str, object], name: str) -> datetime | None:
    value = text_of(stored, name)
    return datetime.fromisoformat(value) if value else None


def locked_audit(session: Session, audit_id: int) -> StripeAudit:
    """The audit's row; others wait until this transaction ends."""
    return session.get_one(StripeAudit, audit_id, with_for_update=True, populate_existing=True)


def go_to(session: Session, audit_id: int, place: Place) -> StripeAudit:
    """Store the place, and keep the audit for this process a little longer."""
    audit = locked_audit(session, audit_id)
    audit.progress = replace(place, leased_until=now() + LEASE).to_json()
    return audit


def claim(session: Session, audit_id: int) -> Place | None:
    """Take the audit for this process; None where it has ended or another process works on it."""
    audit = locked_audit(session, audit_id)
    place, moment = place_of(audit), now()
    is_leased = place.leased_until is not None and moment < place.leased_until <= moment + LEASE
    if audit.state != "running" or is_leased:
        return None
    go_to(session, audit_id, place)
    return place


def leave(session: Session, audit_id: int, problem: str) -> None:
    """Let another process go on with the audit at once. `problem` says why this one does not."""
    audit = locked_audit(session, audit_id)
    audit.progress = replace(place_of(audit), leased_until=None, problem=problem).to_json()


def running_audit(session: Session, account_id: int) -> StripeAudit | None:
    """The audit of the whole account that is under way."""
    return session.scalars(
        select(StripeAudit)
        .where(
            StripeAudit.processor_account_id == account_id,
            StripeAudit.state == "running",
            StripeAudit.client_id.is_(None),
            StripeAudit.is_dry_run.is_(False),
        )
        .order_by(StripeAudit.id)
        .limit(1)
    ).one_or_none()
