"""Use that waits until its client has a subscription: warned of in time, and given up when Stripe takes it no more.

Once the client subscribes, what was used in the last days before counts at the subscription's start (see `segments`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.common import audit
from billingportal.domain.common.dates import day
from billingportal.domain.metering.counted.segments import REACH
from billingportal.domain.metering.outbox import lock_meters, refresh_events
from billingportal.models import ClientMeter, MeterEvent, Resource

# Staff have ten days from the warning to have the client subscribe.
WARNED_AFTER = timedelta(days=25)
TOO_OLD = "It waited for a subscription for longer than Stripe takes use of the past."
BATCH = 200


def give_up_old(session: Session, moment: datetime) -> bool:
    """Keep what Stripe would refuse as too late, for staff, in batches; whether there may be more."""
    events = waiting_since(session, moment - REACH)
    for event in events:
        event.state, event.problem = "too_late", TOO_OLD
    refresh_events(session, events)
    return len(events) == BATCH


def warn(session: Session, moment: datetime) -> bool:
    """Write a warning into the timeline of each client whose use waits for 25 days; whether there may be more."""
    events = waiting_since(session, moment - WARNED_AFTER, unwarned=True)
    for meter_id in sorted({event.client_meter_id for event in events}):
        meter = session.get_one(ClientMeter, meter_id)
        record_warning(session, meter, [event for event in events if event.client_meter_id == meter_id])
    return len(events) == BATCH


def waiting_since(session: Session, since: datetime, *, unwarned: bool = False) -> Sequence[MeterEvent]:
    found = select(MeterEvent).where(MeterEvent.state == "waiting", MeterEvent.at < since)
    if unwarned:
        found = found.where(MeterEvent.problem == "")
    events = session.scalars(found.order_by(MeterEvent.id).limit(BATCH)).all()
    lock_meters(session, [event.id for event in events])
    return events


def record_warning(session: Session, meter: ClientMeter, events: Sequence[MeterEvent]) -> None:
    was_warned = session.scalar(
        select(func.count())
        .select_from(MeterEvent)
        .where(MeterEvent.client_meter_id == meter.id, MeterEvent.state == "waiting", MeterEvent.problem != "")
    )
    last_day = min(event.at for event in events) + REACH
    for event in events:
        event.problem = f"Waits for a subscription. Stripe takes it until {day(last_day)}."
    if was_warned:
        return
    resource = session.get_one(Resource, meter.resource_id)
    used = sum(event.value for event in events)
    words = (
        f"{used:,} {resource.unit} wait to be billed until the client has a subscription. "
        f"From {day(last_day)} on Stripe takes them no more"
    )
    act = audit.Act("metering.waiting", words, actor="sync", subject=("client", meter.client_id))
    audit.record_act(session, act)
    session.flush()
