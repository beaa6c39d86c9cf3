"""What all clients of a mode use, against the partner's own pools and the sum of the clients' limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.usage.history import mode_days
from billingportal.domain.usage.history.projection import Course, Projection, days_before, known, pace, project
from billingportal.domain.usage.history.spans import Span
from billingportal.domain.usage.quota_bars import share
from billingportal.models import ModeUsageDay, Resource, UsagePool
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class PoolUse:
    """The partner's own ceiling and what all clients use of it: for a counter, in this calendar month in UTC."""

    ceiling: int
    used: int

    @property
    def percent(self) -> int:
        return share(self.used, self.ceiling)

    @property
    def left(self) -> int:
        return max(self.ceiling - self.used, 0)


@dataclass(frozen=True)
class ResourceUse:
    """`days` are those of the span until today. `used`: their sum for a counter, the last level for a gauge.

    `pace` is units a day of the last days before today; None while too few were counted.
    """

    resource: Resource
    days: Sequence[int]
    used: int
    pool: PoolUse | None
    promised: int
    unlimited: int
    pace: Fraction | None
    pool_reached: Projection | None

    @property
    def growth(self) -> int | None:
        """By how many per mille a gauge changed over the span; None from nothing."""
        first = self.days[0] if self.days else 0
        return (self.days[-1] - first) * 1000 // first if first else None


@dataclass(frozen=True)
class Overview:
    rows: Sequence[ResourceUse]
    counted_at: datetime | None

    @property
    def is_empty(self) -> bool:
        return not any(row.used or any(row.days) for row in self.rows)


def overview(session: Session, mode: Mode, resources: Sequence[Resource], span: Span, today: date) -> Overview:
    """The use of each resource. Four queries, however many clients there are."""
    days = mode_days.mode_days(session, mode, resources, span)
    recent = mode_days.mode_days(session, mode, resources, days_before(today))
    latest = mode_days.latest_days(session, mode, today)
    pools = pools_of(session, mode, resources)
    rows = [
        resource_use(resource, days[resource.id], recent[resource.id], latest.get(resource.id), pools, today)
        for resource in resources
    ]
    return Overview(rows, max((row.counted_at for row in latest.values()), default=None))


def resource_use(
    resource: Resource,
    days: Sequence[int],
    recent: Sequence[int],
    latest: ModeUsageDay | None,
    pools: dict[int, UsagePool],
    today: date,
) -> ResourceUse:
    used = sum(days) if resource.kind == "counter" else (days[-1] if days else 0)
    held = pools.get(resource.id)
    now_used = latest.used if latest and resource.kind == "gauge" else None
    pool = PoolUse(held.ceiling, held.used if now_used is None else now_used) if held else None
    course = Course(resource.kind, known(recent), pool.used if pool else used, today, month_end(resource, today))
    return ResourceUse(
        resource,
        days,
        used,
        pool,
        latest.promised if latest else 0,
        latest.unlimited if latest else 0,
        pace(course),
        project(course, pool.ceiling) if pool else None,
    )


def month_end(resource: Resource, today: date) -> date | None:
    """The first day of the next calendar month, in which a counter's pool starts again."""
    if resource.kind == "gauge":
        return None
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def pools_of(session: Session, mode: Mode, resources: Sequence[Resource]) -> dict[int, UsagePool]:
    ids = [resource.id for resource in resources]
    rows = session.scalars(select(UsagePool).where(UsagePool.mode == mode, UsagePool.resource_id.in_(ids)))
    return {row.resource_id: row for row in rows}
