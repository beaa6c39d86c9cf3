"""Claims the events of a client's meter for one worker: Stripe takes one call at a time for a customer and meter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.common.due_times import is_due
from billingportal.domain.metering.counted.closing import is_open
from billingportal.domain.metering.counted.segments import segment_of
from billingportal.domain.metering.outbox import refresh_events
from billingportal.domain.metering.sending.retries import LONGEST_PAUSE
from billingportal.domain.metering.sending.stripe_meter import customer_of, meter_of, of_same_meter
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.usage.periods import stored_periods
from billingportal.models import Client, ClientMeter, Meter, MeterEvent

# The events of a worker that dies are free for others after this long. The last call of a batch begins within
# BATCH_SECONDS of the claim, and waits METER_EVENT seconds at most.
LEASE = timedelta(seconds=40)
BATCH_SECONDS = 20
BATCH = 20
# Stripe forgets an identifier after a day, and would then count the event again.
SAFE = timedelta(hours=20)
# The meter is read with the account's other objects.
UNKNOWN_METER = timedelta(minutes=1)


@dataclass(frozen=True)
class Outgoing:
    """One call: an event to be sent, or to be taken back."""

    event_id: int
    event_name: str
    payload: Mapping[str, str]
    identifier: str
    at: datetime
    idempotency_key: str
    takes_back: bool


@dataclass(frozen=True)
class Claimed:
    """The calls for one customer and meter, in their order, and until when this worker has them."""

    client_meter_ids: tuple[int, ...]
    leased_until: datetime
    calls: tuple[Outgoing, ...]

    @property
    def claimed_at(self) -> datetime:
        return self.leased_until - LEASE


def due_for_sending(session: Session, account_id: int, moment: datetime, limit: int) -> Sequence[int]:
    """The ids of client meters that have something to send and that no worker has, longest waiting first."""
    return session.scalars(
        select(ClientMeter.id)
        .where(
            ClientMeter.processor_account_id == account_id,
            is_due(ClientMeter.send_after, moment, LONGEST_PAUSE),
            ClientMeter.leased_until.is_(None) | is_due(ClientMeter.leased_until, moment, LEASE),
        )
        .order_by(ClientMeter.send_after, ClientMeter.id)
        .limit(limit)
    ).all()


def claim(session: Session, client_meter_id: int, moment: datetime) -> Claimed | None:
    """Claim the unsent events of a meter and its client; None while another worker has them, or none can be sent."""
    rows = siblings(session, client_meter_id, skip_locked=True)
    if not rows or any(is_leased(row, moment) for row in rows):
        return None
    at_stripe, customer_id = meter_of(session, rows[0]), customer_of(session, rows[0])
    events = unsent_events(session, rows)
    if at_stripe is None or customer_id is None:
        postpone(session, rows, events, moment, has_customer=customer_id is not None)
        return None
    ready = ready_events(session, rows, events, moment)
    if not ready:
        set_next(session, rows, moment if len(events) == BATCH else None)
        return None
    leased_until = moment + LEASE
    for row in rows:
        row.leased_until = leased_until
    calls = tuple(outgoing(event, at_stripe, customer_id, moment) for event in ready)
    return Claimed(tuple(row.id for row in rows), leased_until, calls)


def postpone(
    session: Session,
    rows: Sequence[ClientMeter],
    events: Sequence[MeterEvent],
    moment: datetime,
    *,
    has_customer: bool,
) -> None:
    """Leave events alone whose customer or meter is not known here."""
    if not has_customer:
        for event in events:
            if event.state == "due" and event.attempts == 0:
                event.state = "waiting"
    set_next(session, rows, moment + UNKNOWN_METER)


def siblings(session: Session, client_meter_id: int, *, skip_locked: bool = False) -> Sequence[ClientMeter]:
    """All rows of the same client and Stripe meter, locked: they share Stripe's one call at a time.

    With `skip_locked` none, where another transaction has locked one of them.
    """
    row = session.get_one(ClientMeter, client_meter_id)
    same = of_same_meter(row)
    rows = session.scalars(
        select(ClientMeter)
        .where(*same)
        .order_by(ClientMeter.id)
        .with_for_update(skip_locked=skip_locked)
        .execution_options(populate_existing=True)
    ).all()
    number = session.scalar(select(func.count()).select_from(ClientMeter).where(*same)) if skip_locked else len(rows)
    return rows if len(rows) == number else ()


def is_leased(row: ClientMeter, moment: datetime) -> bool:
    """A lease that ends later than any does was made by a clock that was ahead."""
    return row.leased_until is not None and moment < row.leased_until <= moment + LEASE * 2


def unsent_events(session: Session, rows: Sequence[ClientMeter]) -> Sequence[MeterEvent]:
    """Events to be taken back before those to be sent, which may replace them."""
    return session.scalars(
        select(MeterEvent)
        .where(
            MeterEvent.client_meter_id.in_([row.id for row in rows]),
            MeterEvent.state.in_(("due", "cancelling")),
        )
        .order_by(MeterEvent.state, MeterEvent.id)
        .limit(BATCH)
        .execution_options(populate_existing=True)
    ).all()


def ready_events(
    session: Session, rows: Sequence[ClientMeter], events: Sequence[MeterEvent], moment: datetime
) -> list[MeterEvent]:
    """The events that may be asked of Stripe; the others get the state that says why not."""
    by_id = {row.id: row for row in rows}
    client_time = moment_of(session, session.get_one(Client, rows[0].client_id))
    known: dict[tuple[int, date, datetime], bool] = {}
    ready: list[MeterEvent] = []
    for event in events:
        key = (event.client_meter_id, event.day, event.period_starts_at)
        if event.state == "due" and key not in known:
            known[key] = is_still_open(session, by_id[event.client_meter_id], event, client_time)
        if event.state == "cancelling" or may_be_sent(event, moment, is_open=known[key]):
            ready.append(event)
    refresh_events(session, [event for event in events if event not in ready])
    return ready


def may_be_sent(event: MeterEvent, moment: datetime, *, is_open: bool) -> bool:
    if event.first_sent_at is not None and event.first_sent_at < moment - SAFE:
        event.state, event.problem = "in_doubt", "Stripe's answer was lost, and after a day it may count it twice."
        return False
    if not is_open:
        event.state = "too_late" if event.attempts == 0 else "in_doubt"
    return is_open


def is_still_open(session: Session, row: ClientMeter, event: MeterEvent, client_time: datetime) -> bool:
    periods = stored_periods(session, [row.client_id], event.at).get(row.client_id, ())
    return is_open(session, row, segment_of(periods, event.at), client_time)


def outgoing(event: MeterEvent, at_stripe: Meter, customer_id: str, moment: datetime) -> Outgoing:
    """The call for an event. It is counted before it is made: a worker that dies may have made it."""
    event.attempts += 1
    takes_back = event.state == "cancelling"
    if not takes_back:
        event.first_sent_at = event.first_sent_at or moment
        event.stripe_customer_id = customer_id
    key = f"{event.identifier}-cancel" if takes_back else event.identifier
    return Outgoing(
        event.id,
        at_stripe.event_name,
        {at_stripe.customer_payload_key: customer_id, at_stripe.value_payload_key: str(event.value)},
        event.identifier,
        event.at,
        key if event.attempts == 1 else f"{key}-{event.attempts}",
        takes_back,
    )


def set_next(session: Session, rows: Sequence[ClientMeter], send_after: datetime | None) -> None:
    """Free the rows; the next call is due then, if anything waits."""
    for row in rows:
        row.leased_until, row.send_after = None, send_after
    session.flush()
