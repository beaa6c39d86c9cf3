"""Prepares meter events: what counts in a segment and no event has yet becomes one.

It compares sums and keeps no place in the records, so late records, records taken back, recounts and moved periods
all come right in the same way, and after a crash the next comparison goes on.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.metering.corrections import add_difference, add_single_events, claim_unknown
from billingportal.domain.metering.counted.closing import is_open
from billingportal.domain.metering.counted.counts import counted
from billingportal.domain.metering.counted.levels import prepare_level
from billingportal.domain.metering.counted.segments import (
    KNOWN,
    Key,
    Segment,
    Span,
    segments_of,
    start_of,
)
from billingportal.domain.metering.counted.windows import prepare_windows
from billingportal.domain.metering.outbox import refresh_days
from billingportal.domain.metering.period_changes import Time, follow_periods, reopen, time_of
from billingportal.domain.metering.sending.stripe_meter import meter_of
from billingportal.domain.usage.counting.sums import day_of
from billingportal.domain.usage.periods import Period, period_in
from billingportal.models import ClientMeter, ClientUsage, Meter, MeterDay
from billingportal.models.metering.meter_event import MeterEventState

# At most one event a minute for a client and meter that adds up.
PAUSE = timedelta(minutes=1)
# Late records of a meter that the client no longer has.
PAUSE_AFTER_END = timedelta(hours=1)
BATCH = 100
# Events of a meter that counts events, in one transaction.
MOST_SINGLE_EVENTS = 500
AGAIN = -1
# Of a client that never used the resource.
NOTHING_USED = -2


def due_meters(session: Session, moment: datetime, after_id: int = 0) -> list[int]:
    """The ids of up to BATCH client meters for which there is something to compare, after an id."""
    has_changed = or_(
        ClientMeter.prepared_revision == AGAIN,
        and_(ClientUsage.revision.is_not(None), ClientUsage.revision != ClientMeter.prepared_revision),
        ClientMeter.period_ends_at <= moment,
    )
    has_paused = or_(
        ClientMeter.prepared_at.is_(None),
        ClientMeter.prepared_at > moment,  # the clock was set back
        and_(ClientMeter.ends_at.is_(None), ClientMeter.prepared_at <= moment - PAUSE),
        ClientMeter.prepared_at <= moment - PAUSE_AFTER_END,
    )
    rows = (
        select(ClientMeter.id)
        .outerjoin(
            ClientUsage,
            (ClientUsage.client_id == ClientMeter.client_id) & (ClientUsage.resource_id == ClientMeter.resource_id),
        )
        .where(ClientMeter.id > after_id, has_changed, has_paused)
        .order_by(ClientMeter.id)
        .limit(BATCH)
    )
    return list(session.scalars(rows))


def prepare_due(transaction: Transaction) -> int:
    """Prepare events for every client meter that is due, each in a transaction of its own; how many there were."""
    number, ids = 0, due_now(transaction, 0)
    while ids:
        for client_meter_id in ids:
            with transaction() as session:
                prepare(session, client_meter_id)
        number, ids = number + len(ids), due_now(transaction, ids[-1])
    return number


def due_now(transaction: Transaction, after_id: int) -> list[int]:
    with transaction() as session:
        return due_meters(session, now(), after_id)


def prepare(session: Session, client_meter_id: int) -> None:
    """Write the events that are missing for a client meter, and change or take back those that are too many."""
    meter = session.get_one(ClientMeter, client_meter_id, with_for_update=True, populate_existing=True)
    at_stripe = meter_of(session, meter)
    if at_stripe is None:  # its price was read before it
        meter.prepared_at = now()
        return
    usage = session.scalar(
        select(ClientUsage)
        .filter_by(client_id=meter.client_id, resource_id=meter.resource_id)
        .execution_options(populate_existing=True)
    )
    revision, used = (usage.revision, usage.used) if usage is not None else (NOTHING_USED, 0)
    time = time_of(session, meter)
    if meter.prepared_revision == AGAIN:
        follow_periods(session, meter, time)
        reopen(session, meter, time, may_be_negative=at_stripe.aggregation != "count")
    is_complete = write_events(session, meter, at_stripe, used, time)
    meter.prepared_revision = revision if is_complete else AGAIN
    meter.prepared_at = now() if is_complete else None
    meter.period_ends_at = next_turn(meter, time)
    session.flush()


def next_turn(meter: ClientMeter, time: Time) -> datetime | None:
    """When the period ends, in real time. Stripe tells when a test clock has advanced."""
    is_over = meter.ends_at is not None and meter.ends_at <= time.moment
    return None if is_over or time.is_on_clock else period_in(time.periods, time.moment).ends_at


def write_events(session: Session, meter: ClientMeter, at_stripe: Meter, used: int, time: Time) -> bool:
    """Returns whether everything is prepared now. `used` is the client's level, of a gauge."""
    segments = segments_of(time.periods, Span(meter.begins_at, meter.ends_at, meter.billed_from), time.moment)
    if at_stripe.aggregation == "last":
        prepare_level(session, meter, segments, time.moment, used)
        return True
    if at_stripe.event_time_window is not None and at_stripe.aggregation == "sum":
        prepare_windows(session, meter, segments, time.moment, at_stripe.event_time_window)
        return True
    return write_differences(session, meter, segments, time, counts_events=at_stripe.aggregation == "count")


def write_differences(
    session: Session, meter: ClientMeter, segments: Sequence[Segment], time: Time, *, counts_events: bool
) -> bool:
    counts = counted(session, meter, segments)
    stored = stored_days(session, meter, max(day_of(meter.begins_at), day_of(time.moment - KNOWN)))
    by_key = {one.key: one for one in segments}
    room, changed = MOST_SINGLE_EVENTS, set()
    for key in sorted({*counts, *stored}):
        segment = by_key.get(key) or former_segment(key, time)
        row = stored.get(key)
        difference = counts.get(key, 0) - (row.prepared if row else 0)
        write_counted(session, meter, key, row, counts.get(key, 0))
        if difference == 0:
            continue
        changed.add(segment.day)
        if row is not None and row.unknown_units and not counts_events:
            difference = claim_unknown(session, meter, segment, row, difference)
        state = state_in(session, meter, segment, time.moment)
        if counts_events:
            part = min(difference, room)
            add_single_events(session, meter, segment, part, time.moment, state)
            room -= max(part, 0)
        else:
            add_difference(session, meter, segment, difference, time.moment, state)
    refresh_days(session, meter.id, changed)
    return room > 0


def stored_days(session: Session, meter: ClientMeter, since: date) -> dict[Key, MeterDay]:
    rows = session.scalars(
        select(MeterDay)
        .where(MeterDay.client_meter_id == meter.id, MeterDay.day >= since)
        .execution_options(populate_existing=True)
    )
    return {(row.day, row.period_starts_at): row for row in rows}


def write_counted(session: Session, meter: ClientMeter, key: Key, row: MeterDay | None, used: int) -> None:
    if row is None and used:
        session.add(MeterDay(client_meter_id=meter.id, day=key[0], period_starts_at=key[1], counted=used))
    elif row is not None and row.counted != used:
        row.counted = used


def former_segment(key: Key, time: Time) -> Segment:
    """The segment of a stored day in which nothing counts any more."""
    day, period_starts_at = key
    starts_at = max(start_of(day), period_starts_at)
    ends_at = start_of(day) + timedelta(days=1)
    return Segment(day, Period(period_starts_at, ends_at, "calendar"), starts_at, ends_at, starts_at)


def state_in(session: Session, meter: ClientMeter, segment: Segment, moment: datetime) -> MeterEventState:
    """The state of a new event in a segment."""
    if not is_open(session, meter, segment, moment):
        return "too_late"
    return "waiting" if meter.stripe_subscription_id is None else "due"
