"""Follows moved periods and new subscriptions: puts events into the periods in which Stripe counts them, and sends what
waited for a subscription or was taken for too late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.metering import outbox
from billingportal.domain.metering.counted.closing import is_open
from billingportal.domain.metering.counted.segments import REACH, segment_of
from billingportal.domain.metering.outbox import refresh_days
from billingportal.domain.subscriptions.client_clock import clock_time
from billingportal.domain.usage.counting.sums import day_of
from billingportal.domain.usage.periods import Period, period_in, stored_periods
from billingportal.models import Client, ClientMeter, MeterEvent


@dataclass(frozen=True)
class Time:
    """The client's time, and its periods in their order."""

    moment: datetime
    periods: Sequence[Period]
    is_on_clock: bool


def time_of(session: Session, meter: ClientMeter) -> Time:
    on_clock = clock_time(session, session.get_one(Client, meter.client_id))
    periods = stored_periods(session, [meter.client_id], meter.begins_at).get(meter.client_id, ())
    return Time(on_clock or now(), periods, on_clock is not None)


def follow_periods(session: Session, meter: ClientMeter, time: Time) -> None:
    """Put events into the periods in which Stripe counts them, and make those due that waited for a subscription."""
    changed: set[date] = set()
    for period in periods_between(time.periods, max(meter.begins_at, time.moment - REACH), time.moment):
        is_elsewhere = (
            MeterEvent.client_meter_id == meter.id,
            MeterEvent.day.between(day_of(period.starts_at), day_of(period.ends_at)),
            MeterEvent.at >= period.starts_at,
            MeterEvent.at < period.ends_at,
            MeterEvent.period_starts_at != period.starts_at,
        )
        days = set(session.scalars(select(MeterEvent.day).where(*is_elsewhere).distinct()))
        if days:
            change_events(session, is_elsewhere, period_starts_at=period.starts_at)
        changed |= days
    if meter.billed_from is not None:
        has_waited = MeterEvent.state == "waiting", MeterEvent.at >= meter.billed_from
        if change_events(session, (MeterEvent.client_meter_id == meter.id, *has_waited), state="due"):
            outbox.make_due(meter)
    refresh_days(session, meter.id, changed)


def reopen(session: Session, meter: ClientMeter, time: Time, *, may_be_negative: bool) -> None:
    """Send what was taken for too late, where its invoice has come since and is a draft: some stay so for days."""
    rows = session.scalars(
        select(MeterEvent).where(
            MeterEvent.client_meter_id == meter.id,
            MeterEvent.state == "too_late",
            MeterEvent.billed_stripe_item_id.is_(None),
            MeterEvent.at > time.moment - REACH,
        )
    ).all()
    changed = []
    if meter.stripe_subscription_id is not None:
        for event in rows:
            is_sendable = event.value > 0 or may_be_negative
            if is_sendable and is_open(session, meter, segment_of(time.periods, event.at), time.moment):
                event.state, event.problem = "due", ""
                changed.append(event)
    if changed:
        outbox.make_due(meter)
        outbox.refresh_events(session, changed)


def change_events(session: Session, which: Sequence[ColumnElement[bool]], **values: object) -> int:
    changed = update(MeterEvent).where(*which).values(**values).execution_options(synchronize_session=False)
    result = session.execute(changed)
    session.expire_all()
    return cast("CursorResult[tuple[()]]", result).rowcount


def periods_between(periods: Sequence[Period], start: datetime, end: datetime) -> Iterator[Period]:
    at = start
    while at <= end:
        period = period_in(periods, at)
        yield period
        at = period.ends_at
