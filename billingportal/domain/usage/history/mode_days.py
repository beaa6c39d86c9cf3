"""What all clients of a mode use of each resource, by day: counted by a job, read by pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from sqlalchemy import Table, case, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.sync.row_sql import insert_into
from billingportal.domain.usage.history.spans import Span
from billingportal.models import Client, ClientUsage, EntitledQuota, ModeUsageDay, Resource, UsageDay
from billingportal.models.connection.processor_account import Mode

# Records are kept for 100 days and can be taken back as long, so older days no longer change.
CHANGEABLE = timedelta(days=101)
Key = tuple[str, int]


@dataclass(frozen=True)
class Promised:
    """The sum of all clients' limits on a resource, and how many have none."""

    sum: int
    unlimited: int


@dataclass(frozen=True)
class DaySums:
    """The sums of one day, by mode and resource id. `promised` None: not counted, the stored ones stay."""

    day: date
    used: dict[Key, int]
    promised: dict[Key, Promised] | None = None


def sums_now(session: Session, today: date) -> DaySums:
    """Today's sums of all resources. It reads every client, so call it with no write transaction open."""
    promised = promised_sums(session)
    used = counter_sums(session, today) | gauge_sums(session)
    return DaySums(today, dict.fromkeys(promised, 0) | used, promised)


def sums_of(session: Session, day: date) -> DaySums:
    """The sums of counters on an earlier day: those of gauges are what they were when they were counted."""
    return DaySums(day, counter_sums(session, day))


def changeable_days(today: date) -> list[date]:
    """The days before today whose counters may still change."""
    return [today - timedelta(days=back) for back in range(1, CHANGEABLE.days)]


def counter_sums(session: Session, day: date) -> dict[Key, int]:
    """The sums of a day over all clients, by mode and resource id."""
    counters = select(Resource.id).where(Resource.kind == "counter")
    rows = session.execute(
        select(Client.mode, UsageDay.resource_id, func.sum(UsageDay.used))
        .join(Client, Client.id == UsageDay.client_id)
        .where(UsageDay.resource_id.in_(counters), UsageDay.day == day)
        .group_by(Client.mode, UsageDay.resource_id)
    )
    return {(mode, resource_id): int(used) for mode, resource_id, used in rows}


def gauge_sums(session: Session) -> dict[Key, int]:
    """The totals of gauges now."""
    gauges = select(Resource.id).where(Resource.kind == "gauge")
    rows = session.execute(
        select(Client.mode, ClientUsage.resource_id, func.sum(ClientUsage.used))
        .join(Client, Client.id == ClientUsage.client_id)
        .where(ClientUsage.resource_id.in_(gauges))
        .group_by(Client.mode, ClientUsage.resource_id)
    )
    return {(mode, resource_id): int(used) for mode, resource_id, used in rows}


def promised_sums(session: Session) -> dict[Key, Promised]:
    rows = session.execute(
        select(
            Client.mode,
            EntitledQuota.resource_id,
            func.coalesce(func.sum(EntitledQuota.quota), 0),
            func.sum(case((EntitledQuota.quota.is_(None), 1), else_=0)),
        )
        .join(Client, Client.id == EntitledQuota.client_id)
        .where(Client.archived_at.is_(None))
        .group_by(Client.mode, EntitledQuota.resource_id)
    )
    return {(mode, resource_id): Promised(int(sum_), int(free)) for mode, resource_id, sum_, free in rows}


def write_sums(session: Session, sums: DaySums) -> None:
    """Store the sums of a day, in the place of those that were counted before."""
    if not sums.used:
        return
    none = Promised(0, 0)
    promised = sums.promised or {}
    rows = [
        {
            "mode": mode,
            "resource_id": resource_id,
            "day": sums.day,
            "used": amount,
            "promised": promised.get((mode, resource_id), none).sum,
            "unlimited": promised.get((mode, resource_id), none).unlimited,
            "counted_at": now(),
        }
        for (mode, resource_id), amount in sorted(sums.used.items())
    ]
    adding = insert_into(cast(Table, ModeUsageDay.__table__), session.get_bind().dialect.name)
    changed = ("used", "counted_at") if sums.promised is None else ("used", "counted_at", "promised", "unlimited")
    unique = ["mode", "resource_id", "day"]
    values = {name: adding.excluded[name] for name in changed}
    session.execute(adding.on_conflict_do_update(index_elements=unique, set_=values), rows)


def mode_days(session: Session, mode: Mode, resources: Collection[Resource], span: Span) -> dict[int, list[int]]:
    """The days of each resource. A gauge keeps its level over days that were not counted."""
    rows = session.execute(
        select(ModeUsageDay.resource_id, ModeUsageDay.day, ModeUsageDay.used).where(
            ModeUsageDay.mode == mode,
            ModeUsageDay.resource_id.in_([resource.id for resource in resources]),
            ModeUsageDay.day.between(span.first, span.last),
        )
    )
    stored = {(resource_id, day): used for resource_id, day, used in rows}
    return {resource.id: filled(resource, stored, span) for resource in resources}


def filled(resource: Resource, stored: dict[tuple[int, date], int], span: Span) -> list[int]:
    found: list[int] = []
    for day in span:
        before = found[-1] if found and resource.kind == "gauge" else 0
        found.append(stored.get((resource.id, day), before))
    return found


def latest_days(session: Session, mode: Mode, today: date) -> dict[int, ModeUsageDay]:
    """The last counted day of each resource: today's, or yesterday's shortly after midnight."""
    rows = session.scalars(
        select(ModeUsageDay)
        .where(ModeUsageDay.mode == mode, ModeUsageDay.day.between(today - timedelta(days=1), today))
        .order_by(ModeUsageDay.day)
    )
    return {row.resource_id: row for row in rows}
