"""The Health page: the verdict, the findings, and everything that was checked."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.severity import Severity as Kind
from billingportal.domain.health import agreement_text
from billingportal.domain.health.agreement import Agreement, CheckState
from billingportal.domain.health.findings.check import Group
from billingportal.domain.health.findings.store import count_of_mode, is_snoozed, seen_once, standing
from billingportal.models import HealthFinding, Staff
from billingportal.models.connection.processor_account import Mode
from billingportal.models.health.health_finding import Severity
from billingportal.web.health.pages import action_url

# Findings on the page. The worst come first, and the rest follow once these are gone.
MOST_SHOWN = 50
GROUPS: dict[Group, str] = {
    "connection": "Keys and webhook",
    "plans": "Plans, prices and meters",
    "clients": "Clients, plans and quotas",
    "invoices": "Invoices",
    "usage": "Usage",
    "machine": "This machine: worker, jobs, disk, backup, clock",
}
SYMBOLS: dict[Severity, str] = {"money": "cash", "access": "lock", "soon": "clock", "note": "info-circle"}
KINDS: dict[Severity, Kind] = {"money": "bad", "access": "warn", "soon": "info", "note": "mute"}


@dataclass(frozen=True)
class Verdict:
    """The first card of the page."""

    kind: Kind
    title: str
    text: str
    symbol: str


@dataclass(frozen=True)
class ShownFinding:
    """A finding with what its button does. `url` None: it is posted. `row.id` None: nobody can snooze it."""

    row: HealthFinding
    url: str | None
    snoozed_by: str = ""

    @property
    def label(self) -> str:
        return str(self.row.action.get("label", ""))

    @property
    def seen(self) -> str:
        """How often it came back, empty the first time."""
        return f"seen {self.row.times_raised} times" if self.row.times_raised > 1 else ""


@dataclass(frozen=True)
class ShownGroup:
    title: str
    checks: tuple[CheckState, ...]
    found: frozenset[str]
    seen_once: frozenset[str]

    @property
    def is_known(self) -> bool:
        return all(one.is_known for one in self.checks)

    @property
    def as_of(self) -> datetime | None:
        """The oldest of the moments that its checks stand for."""
        return min((one.as_of for one in self.checks if one.as_of is not None), default=None)

    @property
    def has_findings(self) -> bool:
        return any(self.has_found(one) for one in self.checks)

    def has_found(self, state: CheckState) -> bool:
        return not self.found.isdisjoint(state.check.keys)

    def has_seen_once(self, state: CheckState) -> bool:
        return not self.seen_once.isdisjoint(state.check.keys)


@dataclass(frozen=True)
class Health:
    """`hidden`: how many findings are not shown. `elsewhere`: how many the other mode has."""

    agreed: Agreement
    verdict: Verdict
    findings: tuple[ShownFinding, ...]
    hidden: int
    snoozed: tuple[ShownFinding, ...]
    groups: tuple[ShownGroup, ...]
    is_checking: bool
    elsewhere: int = field(default=0)

    @property
    def fingerprint(self) -> str:
        """Changes whenever more than the verdict's time would look different."""
        rows = [(one.row.id, one.row.title, one.row.meaning, one.row.times_raised) for one in self.findings]
        asleep = [(one.row.id, one.row.snoozed_until) for one in self.snoozed]
        checks = [(one.check.name, one.problem) for one in self.agreed.checks]
        shown = (self.agreed.state, self.hidden, rows, asleep, checks, self.is_checking, self.elsewhere)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def health(session: Session, mode: Mode, agreed: Agreement) -> Health:
    """What is known now, of one mode."""
    moment = now()
    rows = standing(session, mode=mode, limit=MOST_SHOWN + agreed.snoozed)
    awake = [row for row in rows if not is_snoozed(row, moment)][:MOST_SHOWN]
    asleep = [row for row in rows if is_snoozed(row, moment)]
    other: Mode = "live" if mode == "test" else "test"
    return Health(
        agreed=agreed,
        verdict=verdict_of(agreed),
        findings=tuple(ShownFinding(row, action_url(row)) for row in awake),
        hidden=agreed.total - len(awake),
        snoozed=tuple(ShownFinding(row, None, name_of(session, row.snoozed_by_id)) for row in asleep),
        groups=groups_of(agreed.checks, rows, seen_once(session, mode)),
        is_checking=any(one.is_running or (one.next_at is not None and one.next_at <= moment) for one in agreed.checks),
        elsewhere=count_of_mode(session, other),
    )


def verdict_of(agreed: Agreement) -> Verdict:
    title, text = agreement_text.headline(agreed), agreement_text.detail(agreed)
    if agreed.state == "green":
        return Verdict("ok", title, text, "circle-check")
    if agreed.state == "findings" and agreed.worst is not None:
        return Verdict(KINDS[agreed.worst], title, text, SYMBOLS[agreed.worst])
    return Verdict("warn", title, text, "help-circle")


def name_of(session: Session, staff_id: int | None) -> str:
    staff = session.get(Staff, staff_id) if staff_id is not None else None
    return staff.name if staff else "staff"


def groups_of(
    states: Sequence[CheckState], rows: Sequence[HealthFinding], once: frozenset[str]
) -> tuple[ShownGroup, ...]:
    """The checks in the page's order, with the keys that stand."""
    keys = frozenset(row.key for row in rows)
    found = ((title, tuple(one for one in states if one.check.group == group)) for group, title in GROUPS.items())
    return tuple(ShownGroup(title, checks, keys, once) for title, checks in found if checks)
