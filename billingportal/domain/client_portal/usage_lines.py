"""One resource on the page of a client's usage: used, included, billed extra, and what that means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.domain.limit_notices.uses import ClientUse
from billingportal.domain.prices.pricing import Line, Terms, lines, total
from billingportal.domain.usage.history.projection import Course, project
from billingportal.domain.usage.quota_bars import NEARLY, share
from billingportal.models import EntitledQuota, Resource
from billingportal.models.plans.plan_quota import Reaction
from billingportal.money import Money


@dataclass(frozen=True)
class State:
    """What the use means, in a word or two, and what follows from it. `name` chooses the icon."""

    name: str
    severity: Severity
    words: str
    note: str = ""


@dataclass(frozen=True)
class UsageLine:
    """`quota` None is unlimited. `extra` is billed on top; `sums` are the steps to the amount of a metered price.

    `state` is None for an earlier period: the limits of then are not known.
    """

    resource: Resource
    used: int
    quota: int | None = None
    reaction: Reaction = "block"
    cap: int | None = None
    terms: Terms | None = None
    sums: Sequence[Line] = ()
    state: State | None = None

    @property
    def extra(self) -> int:
        is_billed = self.reaction == "bill" and self.quota is not None
        return max(self.used - (self.quota or 0), 0) if is_billed else 0

    @property
    def amount(self) -> Money | None:
        """What the use is charged so far: an estimate, before tax."""
        return total(self.sums, self.terms.currency) if self.terms else None

    @property
    def cap_amount(self) -> Money | None:
        """The most that is charged with the spending cap."""
        if self.terms is None or self.cap is None:
            return None
        return total(lines(self.terms, self.cap), self.terms.currency)

    @property
    def percent(self) -> int:
        return share(self.used, self.quota)


def past_line(resource: Resource, used: int) -> UsageLine:
    return UsageLine(resource, used)


def current_line(
    resource: Resource,
    use: ClientUse | None,
    quota: EntitledQuota | None,
    terms: Terms | None,
    days: Sequence[int],
    today: date,
) -> UsageLine:
    """The line of the current period. A resource that the plan does not name has no limit there."""
    used = use.use.used if use else 0
    line = UsageLine(
        resource,
        used,
        quota.quota if quota else None,
        quota.reaction if quota else "block",
        use.use.cap if use else None,
        terms,
        lines(terms, used) if terms else (),
    )
    return replace(line, state=state_of(line, use, days, today))


def is_projected(one: ClientUse) -> bool:
    return one.use.quota is not None and share(one.use.used, one.use.quota) >= NEARLY


def state_of(line: UsageLine, use: ClientUse | None, days: Sequence[int], today: date) -> State:
    if line.reaction == "bill" and line.cap is not None and line.used >= line.cap:
        return State("cap", "warn", "At your spending cap", "New ones are refused")
    if line.quota is None:
        return State("unlimited", "ok", "No limit")
    if line.used > line.quota:
        return over(line, use, days, today)
    if line.used == line.quota and line.used:
        notes = {"block": "New ones are refused", "warn": "More is let pass", "bill": "More is billed"}
        return State("at_limit", "info" if line.reaction == "bill" else "warn", "At the limit", notes[line.reaction])
    if line.percent >= NEARLY and line.quota:
        severity: Severity = "info" if line.reaction == "bill" else "warn"
        return State("near", severity, f"{line.percent}% used", reached(line, use, days, today, line.quota, "Limit"))
    return State("within", "ok", "Within the limit")


def over(line: UsageLine, use: ClientUse | None, days: Sequence[int], today: date) -> State:
    if line.reaction == "bill":
        if line.cap is None:
            return State("billed", "info", "Billed extra")
        note = reached(line, use, days, today, line.cap, f"Cap of {line.cap:,}")
        return State("billed", "info", "Billed extra", note or f"Cap of {line.cap:,}")
    beyond = f"{line.used - (line.quota or 0):,} over"
    if line.reaction == "block":
        return State("over", "bad", beyond, "New ones are refused")
    return State("over", "warn", beyond, "More is let pass")


def reached(line: UsageLine, use: ClientUse | None, days: Sequence[int], today: date, limit: int, what: str) -> str:
    """When a limit is reached at this pace; empty without a date."""
    ends_at = use.row.period_ends_at if use else None
    course = Course(line.resource.kind, days, line.used, today, ends_at.date() if ends_at else None)
    on = project(course, limit).on
    return f"{what} on {day(on)}" if on else ""


def billed_days(days: Sequence[int], line: UsageLine) -> list[int]:
    """The part of each day that is beyond the included units, in a period that began with the first day."""
    if line.resource.kind == "gauge" or line.reaction != "bill" or line.quota is None:
        return []
    found, seen = [], 0
    for used in days:
        found.append(min(used, max(seen + used - line.quota, 0)))
        seen += used
    return found
