"""What a client used of a counter, by segment: whole days from the days' totals, cut ones from the records."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.metering.counted.segments import Key, Segment
from billingportal.models import ClientMeter, UsageDay, UsageRecord


def counted(session: Session, meter: ClientMeter, segments: Sequence[Segment]) -> dict[Key, int]:
    """What counts in each segment."""
    days = sums_of_days(session, meter, [one.day for one in segments if one.is_whole_day])
    return {
        one.key: days.get(one.day, 0)
        if one.is_whole_day
        else sum_of_records(session, meter, one.counts_from, one.ends_at)
        for one in segments
    }


def sums_of_days(session: Session, meter: ClientMeter, days: Sequence[date]) -> dict[date, int]:
    if not days:
        return {}
    rows = session.execute(
        select(UsageDay.day, func.sum(UsageDay.used))
        .where(
            UsageDay.client_id == meter.client_id,
            UsageDay.resource_id == meter.resource_id,
            UsageDay.day.between(min(days), max(days)),
        )
        .group_by(UsageDay.day)
    )
    return {day: int(used) for day, used in rows}


def sum_of_records(session: Session, meter: ClientMeter, starts_at: datetime, ends_at: datetime) -> int:
    found = session.scalar(
        select(func.sum(UsageRecord.amount)).where(
            UsageRecord.client_id == meter.client_id,
            UsageRecord.resource_id == meter.resource_id,
            UsageRecord.at >= starts_at,
            UsageRecord.at < ends_at,
            UsageRecord.taken_back_at.is_(None),
        )
    )
    return int(found or 0)
