"""Brings the rows of a segment in line with what counts there: more, or less, than was prepared.

What was never sent is changed. What Stripe has is taken back by an adjustment within a day of sending, else by a
negative event while the period's invoice is a draft. After that the difference is kept as too late, for staff.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.metering.counted.segments import Segment
from billingportal.domain.metering.outbox import add_event, make_due
from billingportal.models import ClientMeter, MeterDay, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

# Stripe refuses values of more digits.
LARGEST = 10**15 - 1
# Stripe takes events back within 24 hours. An hour less, so that the adjustment may wait.
CANCELLABLE = timedelta(hours=23)
# Adjustments of one correction; the rest is one negative event.
MOST_CANCELLED = 20


def is_unsent() -> ColumnElement[bool]:
    """SQL condition: Stripe was never asked to take the row."""
    return MeterEvent.state.in_(("waiting", "due")) & (MeterEvent.attempts == 0)


def add_difference(
    session: Session, meter: ClientMeter, segment: Segment, difference: int, moment: datetime, state: MeterEventState
) -> None:
    """Write events that change the sum of a segment by `difference`; new ones get the state."""
    left = fold(rows_to_change(session, meter, segment, state), difference)
    if left < 0 and state == "due":
        left += cancel_sent(session, meter, segment, -left)
    for value in pieces(left):
        add_event(session, meter, value, segment.event_time(moment), segment.period.starts_at, state)


def add_single_events(
    session: Session, meter: ClientMeter, segment: Segment, difference: int, moment: datetime, state: MeterEventState
) -> None:
    """The same for a meter that counts events: each has the value 1, and nothing but an adjustment makes it less."""
    at, starts_at = segment.event_time(moment), segment.period.starts_at
    if state == "too_late":
        add_difference(session, meter, segment, difference, moment, state)
        return
    if difference < 0:
        left = fold(rows_to_change(session, meter, segment, state), difference)
        left += cancel_sent(session, meter, segment, -left, most=-left) if left < 0 else 0
        for value in pieces(left):
            add_event(session, meter, value, at, starts_at, "too_late")
        return
    for _ in range(difference):
        add_event(session, meter, 1, at, starts_at, state)


def claim_unknown(session: Session, meter: ClientMeter, segment: Segment, row: MeterDay, difference: int) -> int:
    """Use that Stripe has already, from before a backup was restored, is not sent again; what is left to send.

    The events' identifiers are lost with the rows, so that nothing but the sum can tell.
    """
    claimed = min(row.unknown_units, max(difference, 0))
    row.unknown_units -= claimed
    for value in pieces(claimed):
        add_event(session, meter, value, segment.starts_at, segment.period.starts_at, "confirmed")
    return difference - claimed


def rows_to_change(
    session: Session, meter: ClientMeter, segment: Segment, state: MeterEventState
) -> Sequence[MeterEvent]:
    """The rows of a segment whose value may still change, newest first."""
    may_change = is_unsent()
    if state == "too_late":
        is_undecided = (MeterEvent.state == "too_late") & MeterEvent.billed_stripe_item_id.is_(None)
        may_change = or_(may_change, is_undecided)
    return session.scalars(
        select(MeterEvent).where(*in_segment(meter, segment), may_change).order_by(MeterEvent.id.desc())
    ).all()


def in_segment(meter: ClientMeter, segment: Segment) -> tuple[ColumnElement[bool], ...]:
    return (
        MeterEvent.client_meter_id == meter.id,
        MeterEvent.day == segment.day,
        MeterEvent.period_starts_at == segment.period.starts_at,
    )


def fold(rows: Sequence[MeterEvent], difference: int) -> int:
    """Change rows by the difference; returns what is left of it. A row that becomes nothing is cancelled."""
    for row in rows:
        if difference == 0:
            break
        value = row.value + difference
        if value != 0 and (value > 0) == (row.value > 0):
            if abs(value) <= LARGEST:
                row.value, difference = value, 0
            continue
        row.state, row.problem = "cancelled", "Taken back before it was sent."
        difference = value
    return difference


def cancel_sent(session: Session, meter: ClientMeter, segment: Segment, less: int, most: int = MOST_CANCELLED) -> int:
    """Have events of at least `less` together taken back, as far as that is possible; returns what they add up to."""
    rows = session.scalars(
        select(MeterEvent)
        .where(
            *in_segment(meter, segment),
            MeterEvent.state.in_(("sent", "confirmed")),
            MeterEvent.value > 0,
            MeterEvent.sent_at > now() - CANCELLABLE,
            MeterEvent.problem == "",
        )
        .order_by(MeterEvent.value.desc(), MeterEvent.id.desc())
    ).all()
    taken = 0
    for row in chosen(rows, less)[:most]:
        row.state, row.attempts, row.next_attempt_at = "cancelling", 0, None
        taken += row.value
        make_due(meter)
    return taken


def chosen(rows: Sequence[MeterEvent], less: int) -> list[MeterEvent]:
    """The smallest event that is large enough alone, else the largest until they suffice; `rows` largest first."""
    alone = [row for row in rows if row.value >= less]
    if alone:
        return [alone[-1]]
    found: list[MeterEvent] = []
    for row in rows:
        if less <= 0:
            break
        found.append(row)
        less -= row.value
    return found


def pieces(value: int) -> Iterator[int]:
    """The value in parts of at most 15 digits."""
    while value:
        piece = max(-LARGEST, min(LARGEST, value))
        yield piece
        value -= piece
