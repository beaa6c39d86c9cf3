"""Events of meters that add up hours or days before they come: the newest event of a window is all of it.

So an event has the running total of its window, and a correction is only another total.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.metering.counted.closing import is_open
from billingportal.domain.metering.counted.counts import counted, sum_of_records
from billingportal.domain.metering.counted.segments import Segment
from billingportal.domain.metering.outbox import add_event, days_of, refresh_days
from billingportal.models import ClientMeter, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def prepare_windows(
    session: Session, meter: ClientMeter, segments: Sequence[Segment], moment: datetime, window: str
) -> None:
    """Write the total of each window, an hour or a day, in which it is another one than Stripe has."""
    counts = counted(session, meter, segments)
    known = {(row.day, row.period_starts_at): row.prepared for row in days_of(session, meter.id, days_in(segments))}
    for segment in segments:
        if counts[segment.key] == known.get(segment.key, 0):
            continue
        for part in hours_of(segment) if window == "hour" else (segment,):
            total = sum_of_records(session, meter, part.counts_from, part.ends_at)
            write_total(session, meter, part, moment, total)
        refresh_days(session, meter.id, {segment.day})
        for row in days_of(session, meter.id, {segment.day}):
            if row.period_starts_at == segment.period.starts_at:
                row.counted = counts[segment.key]


def days_in(segments: Sequence[Segment]) -> set[date]:
    return {one.day for one in segments}


def hours_of(segment: Segment) -> Iterator[Segment]:
    """The UTC hours of a segment. What counts from before it counts in its first."""
    at, counts_from = segment.starts_at, segment.counts_from
    while at < segment.ends_at:
        ends_at = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, segment.ends_at)
        yield Segment(segment.day, segment.period, at, ends_at, counts_from)
        at = counts_from = ends_at


def write_total(session: Session, meter: ClientMeter, window: Segment, moment: datetime, total: int) -> None:
    newest = newest_event(session, meter, window)
    if total == (newest.value if newest is not None else 0):
        return
    if newest is not None and newest.attempts == 0 and newest.state in ("waiting", "due", "too_late"):
        newest.value = total
        return
    state: MeterEventState = "waiting" if meter.stripe_subscription_id is None else "due"
    if not is_open(session, meter, window, moment):
        state = "too_late"
    at = window.event_time(moment)
    if newest is not None:
        at = min(max(at, newest.at + SECOND), max(window.starts_at, window.ends_at - SECOND))
    add_event(session, meter, total, at, window.period.starts_at, state)


def newest_event(session: Session, meter: ClientMeter, window: Segment) -> MeterEvent | None:
    return session.scalar(
        select(MeterEvent)
        .where(
            MeterEvent.client_meter_id == meter.id,
            MeterEvent.day == window.day,
            MeterEvent.at >= window.starts_at,
            MeterEvent.at < window.ends_at,
            MeterEvent.state.not_in(("cancelled", "cancelling", "rejected")),
        )
        .order_by(MeterEvent.at.desc(), MeterEvent.id.desc())
        .limit(1)
    )
