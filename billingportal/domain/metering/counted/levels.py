"""Events of meters that take the last value: the client's level, when it changed and once in every period.

At Stripe a period begins with nothing, and the newest event of the period is what it bills.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.metering.corrections import is_unsent
from billingportal.domain.metering.counted.closing import is_open
from billingportal.domain.metering.counted.segments import Segment, start_of
from billingportal.domain.metering.outbox import add_event, days_of, refresh_days
from billingportal.domain.usage.counting.sums import day_of
from billingportal.models import ClientMeter, MeterEvent, UsageDay, UsageRecord
from billingportal.models.metering.meter_event import MeterEventState

SECOND = timedelta(seconds=1)


def prepare_level(
    session: Session, meter: ClientMeter, segments: Sequence[Segment], moment: datetime, level: int
) -> None:
    """Write the level now into the running period, and the last level of the period before where it is missing."""
    if meter.billed_from is not None:
        drop_earlier(session, meter, meter.billed_from)
    last = {one.period.starts_at: one for one in segments}
    for segment in list(last.values())[-2:]:
        is_present = segment.starts_at <= moment < segment.ends_at
        write_level(session, meter, segment, moment, level if is_present else level_at(session, meter, segment.ends_at))


def drop_earlier(session: Session, meter: ClientMeter, billed_from: datetime) -> None:
    """Cancel levels that waited for a subscription which has begun later."""
    rows = session.scalars(
        select(MeterEvent).where(MeterEvent.client_meter_id == meter.id, is_unsent(), MeterEvent.at < billed_from)
    ).all()
    for row in rows:
        row.state = "cancelled"
    refresh_days(session, meter.id, {row.day for row in rows})


def write_level(session: Session, meter: ClientMeter, segment: Segment, moment: datetime, level: int) -> None:
    newest = newest_event(session, meter, segment.period.starts_at)
    if level == (newest.value if newest is not None else 0):
        return
    at = segment.event_time(moment)
    state: MeterEventState = "waiting" if meter.stripe_subscription_id is None else "due"
    if not is_open(session, meter, segment, moment):
        state = "too_late"
    if newest is not None and newest.attempts == 0 and newest.state in ("waiting", "due", "too_late"):
        newest.value = level
        refresh_level(session, meter, segment, level)
        return
    if newest is not None and state != "too_late":
        # Stripe compares whole seconds.
        at = min(max(at, newest.at + SECOND), segment.ends_at - SECOND)
    add_event(session, meter, level, at, segment.period.starts_at, state)
    refresh_level(session, meter, segment, level)


def refresh_level(session: Session, meter: ClientMeter, segment: Segment, level: int) -> None:
    refresh_days(session, meter.id, {segment.day})
    for row in days_of(session, meter.id, {segment.day}):
        if row.period_starts_at == segment.period.starts_at:
            row.counted = level


def newest_event(session: Session, meter: ClientMeter, period_starts_at: datetime) -> MeterEvent | None:
    return session.scalar(
        select(MeterEvent)
        .where(
            MeterEvent.client_meter_id == meter.id,
            MeterEvent.day >= day_of(period_starts_at),
            MeterEvent.period_starts_at == period_starts_at,
            MeterEvent.state.not_in(("cancelled", "cancelling", "rejected")),
        )
        .order_by(MeterEvent.at.desc(), MeterEvent.id.desc())
        .limit(1)
    )


def level_at(session: Session, meter: ClientMeter, end: datetime) -> int:
    """The client's level just before a time: of the whole client, else the sum of its workspaces' newest levels."""
    day = day_of(end - timedelta(microseconds=1))
    levels: dict[int | None, int] = {}
    is_mine = (UsageDay.client_id == meter.client_id, UsageDay.resource_id == meter.resource_id)
    before = UsageDay.day <= day if end == start_of(day) + timedelta(days=1) else UsageDay.day < day
    for workspace_id, used in session.execute(
        select(UsageDay.workspace_id, UsageDay.used).where(*is_mine, before).order_by(UsageDay.day)
    ):
        levels[workspace_id] = used
    for workspace_id, amount in session.execute(
        select(UsageRecord.workspace_id, UsageRecord.amount)
        .where(
            UsageRecord.client_id == meter.client_id,
            UsageRecord.resource_id == meter.resource_id,
            UsageRecord.at >= start_of(day),
            UsageRecord.at < end,
            UsageRecord.taken_back_at.is_(None),
        )
        .order_by(UsageRecord.at, UsageRecord.id)
    ):
        levels[workspace_id] = amount
    return levels[None] if None in levels else sum(levels.values())
