"""Follows the periods that Stripe tells, and counts records again whose period that changes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from billingportal.domain.usage import current_use
from billingportal.domain.usage.periods import Period, following, month_of, period_in
from billingportal.models import Resource, UsagePeriod, UsageRecord, UsageTotal


class Span(NamedTuple):
    """`[starts_at, ends_at)`, as a subscription item has it."""

    starts_at: datetime
    ends_at: datetime


def follow_subscription(session: Session, client_id: int, span: Span | None, moment: datetime) -> None:
    """Store the period of the client's subscription; None: it has had none since `moment`.

    A period that is running is cut where the new one begins. The caller has locked the client.
    """
    rows = all_periods(session, client_id)
    changed = with_span(rows, span) if span else without_subscription(rows, moment)
    if changed == rows:
        return
    session.execute(delete(UsagePeriod).where(UsagePeriod.client_id == client_id))
    for one in changed:
        session.add(UsagePeriod(client_id=client_id, starts_at=one.starts_at, ends_at=one.ends_at, source=one.source))
    session.flush()
    count_again(session, client_id, rows, changed)


def refresh_counters(session: Session, client_id: int, moment: datetime) -> None:
    """Bring what a client uses of counters into the period of its time `moment`."""
    current_use.refresh(session, current_use.counters_of(session, client_id), {client_id: moment})


def all_periods(session: Session, client_id: int) -> list[Period]:
    found = select(UsagePeriod.starts_at, UsagePeriod.ends_at, UsagePeriod.source)
    rows = session.execute(found.where(UsagePeriod.client_id == client_id).order_by(UsagePeriod.starts_at))
    return [Period(row.starts_at, row.ends_at, row.source) for row in rows]


def with_span(rows: Sequence[Period], span: Span) -> list[Period]:
    """The periods with this one as the last. Pure."""
    told = Period(*span, "subscription")
    if rows and rows[-1] == told:
        return list(rows)
    return [*until(rows, span.starts_at), told]


def without_subscription(rows: Sequence[Period], ended_at: datetime) -> list[Period]:
    """The periods with calendar months from a time on. Pure."""
    if not rows or rows[-1].source == "calendar":
        return list(rows)
    return [*until(rows, ended_at), Period(ended_at, month_of(ended_at).ends_at, "calendar")]


def until(rows: Sequence[Period], end: datetime) -> list[Period]:
    """The periods before a time: those of a subscription follow on until then, the last is cut."""
    kept = [Period(row.starts_at, min(row.ends_at, end), row.source) for row in rows if row.starts_at < end]
    if kept and kept[-1].source == "subscription" and len(kept) == len(rows):
        last = rows[-1]
        while kept[-1].ends_at < end:
            follower = following(last, kept[-1].ends_at)
            kept.append(Period(follower.starts_at, min(follower.ends_at, end), "subscription"))
    return kept


class Part(NamedTuple):
    """A stretch of time that has come from one period into another."""

    starts_at: datetime
    ends_at: datetime
    before: Period
    after: Period


def changed_parts(old: Sequence[Period], new: Sequence[Period], newest: datetime) -> list[Part]:
    """The stretches of time, up to the newest record, whose period begins elsewhere now. Pure."""
    at, parts = min(row.starts_at for row in set(old) ^ set(new)), []
    while at <= newest:
        before, after = period_in(old, at), period_in(new, at)
        ends_at = min(before.ends_at, after.ends_at)
        if before.starts_at != after.starts_at:
            parts.append(Part(at, ends_at, before, after))
        at = ends_at
    return parts


def count_again(session: Session, client_id: int, old: Sequence[Period], new: Sequence[Period]) -> None:
    """Move what was counted in a changed stretch of time from its former period's totals to the new one's."""
    totals: dict[tuple[int, datetime], int] = defaultdict(int)
    since = month_of(min(row.starts_at for row in set(old) ^ set(new))).starts_at
    stored = session.scalars(
        select(UsageTotal).where(UsageTotal.client_id == client_id, UsageTotal.period_ends_at > since)
    ).all()
    for row in stored:
        totals[row.resource_id, row.period_starts_at] += row.used
    newest = newest_record(session, client_id, since)
    for part in changed_parts(old, new, newest) if newest else ():
        for resource_id, used in recorded(session, client_id, part.starts_at, part.ends_at):
            totals[resource_id, part.before.starts_at] -= used
            totals[resource_id, part.after.starts_at] += used
    for resource_id, starts_at in list(totals):
        if period_in(new, starts_at).starts_at != starts_at:  # this period is gone; its records may be, too
            totals[resource_id, period_in(new, starts_at).starts_at] += totals.pop((resource_id, starts_at))
    write_totals(session, client_id, stored, totals, new)


def newest_record(session: Session, client_id: int, since: datetime) -> datetime | None:
    """The time of the client's newest record, which a test clock may have put far ahead; None: none since then."""
    newest: datetime | None = session.scalar(
        select(func.max(UsageRecord.at)).where(UsageRecord.client_id == client_id, UsageRecord.at >= since)
    )
    return newest


def recorded(session: Session, client_id: int, starts_at: datetime, ends_at: datetime) -> list[tuple[int, int]]:
    """What the counted records of a stretch of time add up to, by counter."""
    found = (
        select(UsageRecord.resource_id, func.sum(UsageRecord.amount))
        .join(Resource, Resource.id == UsageRecord.resource_id)
        .where(
            UsageRecord.client_id == client_id,
            UsageRecord.at >= starts_at,
            UsageRecord.at < ends_at,
            UsageRecord.taken_back_at.is_(None),
            Resource.kind == "counter",
        )
        .group_by(UsageRecord.resource_id)
    )
    return [(resource_id, int(used)) for resource_id, used in session.execute(found)]


def write_totals(
    session: Session,
    client_id: int,
    stored: Sequence[UsageTotal],
    totals: dict[tuple[int, datetime], int],
    periods: Sequence[Period],
) -> None:
    there = {(row.resource_id, row.period_starts_at): row for row in stored}
    for key in there.keys() - totals.keys():
        session.delete(there[key])
    for (resource_id, starts_at), used in totals.items():
        row = there.get((resource_id, starts_at))
        if row is None:
            row = UsageTotal(client_id=client_id, resource_id=resource_id, period_starts_at=starts_at)
            session.add(row)
        row.used, row.period_ends_at = used, period_in(periods, starts_at).ends_at
    session.flush()
