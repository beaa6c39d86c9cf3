"""The outbox: rows of meter events, what becomes of them, and what a day's rows add up to."""

import secrets
from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.metering.ledger.asks import expect_totals
from billingportal.domain.metering.sending.stripe_meter import meter_of
from billingportal.domain.usage.counting.sums import day_of
from billingportal.models import ClientMeter, Meter, MeterDay, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

AT_STRIPE: tuple[MeterEventState, ...] = ("sent", "confirmed", "cancelling")
TO_PROVE: tuple[MeterEventState, ...] = ("sent", "in_doubt")
WAITING: tuple[MeterEventState, ...] = ("waiting", "due")
# What the host platform reported and these rows do not have is still to be prepared.
NOT_COUNTED: tuple[MeterEventState, ...] = ("cancelled", "cancelling")


def add_event(
    session: Session, meter: ClientMeter, value: int, at: datetime, period_starts_at: datetime, state: MeterEventState
) -> MeterEvent:
    """Write a row, in its state. It gets an identifier of its own for good."""
    event = MeterEvent(
        client_meter_id=meter.id,
        identifier=new_identifier(),
        value=value,
        at=at,
        day=day_of(at),
        period_starts_at=period_starts_at,
        state=state,
        prepared_at=now(),
    )
    session.add(event)
    if state == "due":
        make_due(meter)
    return event


def new_identifier() -> str:
    """Drawn at random: portals that share a Stripe account must not take each other's."""
    return f"bpm_{secrets.token_hex(16)}"


def make_due(meter: ClientMeter) -> None:
    """Have a worker look at the meter's rows now, unless it waits because Stripe asked for it."""
    meter.send_after = meter.send_after or now()


def reject(session: Session, event_ids: Collection[int], reason: str, problem: str) -> None:
    """Mark rows as rejected by Stripe after it took them, and refresh their days. Rows that are settled stay.

    Whoever changes rows locks their client meters first, in their order.
    """
    lock_meters(session, event_ids)
    events = session.scalars(
        select(MeterEvent)
        .where(MeterEvent.id.in_(event_ids), MeterEvent.state.in_(("due", "sent", "confirmed", "in_doubt")))
        .order_by(MeterEvent.id)
        .execution_options(populate_existing=True)
    ).all()
    for event in events:
        event.state, event.reason, event.problem = "rejected", reason, problem
        event.confirmed_at = None
    refresh_events(session, events)


def lock_meters(session: Session, event_ids: Collection[int]) -> None:
    """Lock the client meters of these rows against preparation and sending."""
    of_events = select(MeterEvent.client_meter_id).where(MeterEvent.id.in_(event_ids))
    locked = select(ClientMeter.id).where(ClientMeter.id.in_(of_events)).order_by(ClientMeter.id).with_for_update()
    session.execute(locked).all()


def resend(session: Session, event: MeterEvent) -> MeterEvent:
    """Replace a rejected or doubtful row by a new one under a new identifier, due now; the old one counts no more.

    The caller has made sure that Stripe has not counted it.
    """
    meter = session.get_one(ClientMeter, event.client_meter_id, with_for_update=True)
    event.state = "cancelled"
    new = add_event(session, meter, event.value, event.at, event.period_starts_at, "due")
    new.replaces_id, meter.send_after = event.id, now()
    refresh_events(session, [event])
    return new


def refresh_events(session: Session, events: Sequence[MeterEvent]) -> None:
    """Refresh the days of these rows, and have Stripe's totals prove what it may have counted."""
    session.flush()
    for meter_id in {event.client_meter_id for event in events}:
        mine = [event for event in events if event.client_meter_id == meter_id]
        refresh_days(session, meter_id, {event.day for event in mine})
        if any(event.state in TO_PROVE for event in mine):
            expect_totals(session.get_one(ClientMeter, meter_id), now())


def refresh_days(session: Session, client_meter_id: int, days: Collection[date]) -> None:
    """Write what the rows of these days add up to. Call it after every change of a row."""
    if not days:
        return
    session.flush()
    meter = meter_of(session, session.get_one(ClientMeter, client_meter_id))
    if meter is not None and (meter.aggregation == "last" or meter.event_time_window is not None):
        sums = last_values_of(session, client_meter_id, days, is_hourly=is_hourly(meter))
    else:
        sums = sums_of(session, client_meter_id, days)
    stored = {(row.day, row.period_starts_at): row for row in days_of(session, client_meter_id, days)}
    for key in sums.keys() - stored.keys():
        stored[key] = MeterDay(client_meter_id=client_meter_id, day=key[0], period_starts_at=key[1], counted=0)
        session.add(stored[key])
    for key, row in stored.items():
        row.prepared, row.sent, row.rejected, row.waiting = sums.get(key, (0, 0, 0, 0))
    session.flush()


def days_of(session: Session, client_meter_id: int, days: Collection[date]) -> Sequence[MeterDay]:
    return session.scalars(
        select(MeterDay).where(MeterDay.client_meter_id == client_meter_id, MeterDay.day.in_(days))
    ).all()


Sums = dict[tuple[date, datetime], tuple[int, int, int, int]]


def sums_of(session: Session, client_meter_id: int, days: Collection[date]) -> Sums:
    """What the rows add up to: prepared, at Stripe, rejected and waiting, by day and period."""
    rows = session.execute(
        select(
            MeterEvent.day,
            MeterEvent.period_starts_at,
            sum_where(MeterEvent.state.not_in(NOT_COUNTED)),
            sum_where(MeterEvent.state.in_(AT_STRIPE)),
            sum_where(MeterEvent.state == "rejected"),
            sum_where(MeterEvent.state.in_(WAITING)),
        )
        .where(MeterEvent.client_meter_id == client_meter_id, MeterEvent.day.in_(days))
        .group_by(MeterEvent.day, MeterEvent.period_starts_at)
    )
    return {(day, starts_at): (int(a), int(b), int(c), int(d)) for day, starts_at, a, b, c, d in rows}


def sum_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, MeterEvent.value), else_=0)), 0)


def is_hourly(meter: Meter) -> bool:
    return meter.event_time_window == "hour" and meter.aggregation != "last"


def last_values_of(session: Session, client_meter_id: int, days: Collection[date], *, is_hourly: bool) -> Sums:
    """The same of a meter that takes the newest value of a time: of the day, or the sum of those of its hours."""
    newest: dict[tuple[date, datetime, int], list[int]] = {}
    rows = session.scalars(
        select(MeterEvent)
        .where(MeterEvent.client_meter_id == client_meter_id, MeterEvent.day.in_(days))
        .order_by(MeterEvent.at, MeterEvent.id)
    )
    for row in rows:
        values = newest.setdefault((row.day, row.period_starts_at, row.at.hour if is_hourly else 0), [0, 0, 0, 0])
        kinds = (row.state not in NOT_COUNTED, row.state in AT_STRIPE, row.state == "rejected", row.state in WAITING)
        for place, is_kind in enumerate(kinds):
            if is_kind:
                values[place] = row.value
    sums: Sums = {}
    for (day, starts_at, _), (prepared, sent, rejected, waiting) in newest.items():
        known = sums.get((day, starts_at), (0, 0, 0, 0))
        sums[day, starts_at] = (known[0] + prepared, known[1] + sent, known[2] + rejected, known[3] + waiting)
    return sums
