"""The use behind metered lines, by day and by workspace.

Whole days come from the stored days; a day that two periods or two prices share, from its records. Records are deleted
after a while: then such a day counts for the window that it begins in.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.metering.explained.levels import level_by_workspace
from billingportal.domain.metering.explained.windows import Window
from billingportal.domain.usage.history.client_days import client_days
from billingportal.domain.usage.history.spans import Span
from billingportal.domain.usage.retention import RECORDS_KEPT
from billingportal.models import Resource, UsageDay, UsageRecord, UsageTotal, Workspace

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
# A day and a workspace (None: reported for the client as a whole).
Place = tuple[date, int | None]


@dataclass(frozen=True)
class WorkspaceUse:
    """`workspace` None: reported for the client as a whole."""

    workspace: Workspace | None
    used: int


@dataclass(frozen=True)
class CountedUse:
    """`total` is what the meter bills: the sum, or of a current total the level at the end. `workspaces`: most first.

    `is_by_whole_days`: the parts of days that two periods share are not stored any more.
    """

    resource: Resource
    total: int
    span: Span
    days: Sequence[int]
    workspaces: Sequence[WorkspaceUse]
    is_by_whole_days: bool = False


def counted_use(session: Session, window: Window, moment: datetime) -> CountedUse:
    """What was counted in the window, at a moment of the client's time: later days are left out."""
    last = min(window.ends_at, max(moment, window.starts_at + TICK)) - TICK
    span = Span(window.starts_at.date(), last.date())
    if window.is_level:
        return level_use(session, window, span)
    is_old = window.starts_at < moment - RECORDS_KEPT
    used = whole_days(session, window, span) if is_old else exact_days(session, window)
    days, workspaces = Counter[date](), Counter[int | None]()
    for (day, workspace_id), number in used.items():
        days[day] += number
        workspaces[workspace_id] += number
    total = stored_total(session, window) if is_old else None
    return CountedUse(
        window.resources[0],
        sum(days.values()) if total is None else total,
        span,
        [days[day] for day in span],
        by_workspace(session, workspaces),
        is_by_whole_days=is_old and bool(list(cut_days(window))),
    )


def level_use(session: Session, window: Window, span: Span) -> CountedUse:
    (resource, *_) = window.resources
    levels = level_by_workspace(session, window.client_id, resource, window.ends_at)
    days = client_days(session, window.client_id, [resource], span)[resource.id]
    return CountedUse(resource, sum(levels.values()), span, days, by_workspace(session, levels))


def exact_days(session: Session, window: Window) -> Counter[Place]:
    """What was used by day and workspace; of the days at the ends, the part that lies in the window."""
    cut = list(cut_days(window))
    first, last = midnight_after(window.starts_at).date(), window.ends_at.date() - DAY
    used = stored_days(session, window, first, last)
    for starts_at, ends_at in cut:
        rows = session.execute(
            select(UsageRecord.workspace_id, func.sum(UsageRecord.amount))
            .where(
                UsageRecord.client_id == window.client_id,
                UsageRecord.resource_id.in_([one.id for one in window.resources]),
                UsageRecord.at >= starts_at,
                UsageRecord.at < ends_at,
                UsageRecord.taken_back_at.is_(None),
            )
            .group_by(UsageRecord.workspace_id)
        )
        used.update({(starts_at.date(), workspace_id): int(number) for workspace_id, number in rows})
    return used


def cut_days(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """The parts of days at both ends of the window."""
    starts_at, ends_at = window.starts_at, window.ends_at
    after = min(midnight_after(starts_at), ends_at)
    if after > starts_at:
        yield starts_at, after
    before = datetime.combine(ends_at.date(), time(), UTC)
    if before < ends_at and before >= after:
        yield before, ends_at


def midnight_after(moment: datetime) -> datetime:
    """The moment itself if it is midnight, else the next midnight. In UTC."""
    midnight = datetime.combine(moment.date(), time(), UTC)
    return midnight if midnight == moment else midnight + DAY


def whole_days(session: Session, window: Window, span: Span) -> Counter[Place]:
    """The days that begin in the window or with it."""
    last = min(span.last, (window.ends_at - TICK).date())
    is_shared = window.ends_at.time() != time() and last > span.first
    return stored_days(session, window, span.first, last - DAY if is_shared else last)


def stored_days(session: Session, window: Window, first: date, last: date) -> Counter[Place]:
    rows = session.execute(
        select(UsageDay.day, UsageDay.workspace_id, func.sum(UsageDay.used))
        .where(
            UsageDay.client_id == window.client_id,
            UsageDay.resource_id.in_([one.id for one in window.resources]),
            UsageDay.day.between(first, last),
        )
        .group_by(UsageDay.day, UsageDay.workspace_id)
    )
    return Counter({(day, workspace_id): int(used) for day, workspace_id, used in rows})


def stored_total(session: Session, window: Window) -> int | None:
    """The total of the period, where the window is a whole one: it is kept for good."""
    found = session.scalar(
        select(func.sum(UsageTotal.used)).where(
            UsageTotal.client_id == window.client_id,
            UsageTotal.resource_id.in_([one.id for one in window.resources]),
            UsageTotal.period_starts_at == window.starts_at,
            UsageTotal.period_ends_at == window.ends_at,
        )
    )
    return None if found is None else int(found)


def by_workspace(session: Session, used: Counter[int | None]) -> list[WorkspaceUse]:
    ids = [workspace_id for workspace_id in used if workspace_id is not None]
    known = {one.id: one for one in session.scalars(select(Workspace).where(Workspace.id.in_(ids)))}
    found = [
        WorkspaceUse(known.get(key) if key is not None else None, number) for key, number in used.items() if number
    ]
    return sorted(found, key=lambda one: (-one.used, one.workspace.id if one.workspace else 0))
