"""Stores Stripe's totals with the days of the ledger, and what they prove about the day's events."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.metering import outbox
from billingportal.domain.metering.ledger.asks import Ask, siblings, unconfirmed_days
from billingportal.domain.metering.ledger.comparison import Comparison, compare, is_firm
from billingportal.domain.metering.ledger.contributions import TAKEN
from billingportal.models import ClientMeter, Meter, MeterDay, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

# How long until Stripe is asked again: where totals are not equal, and where they have not been for days.
AGAIN = timedelta(hours=1)
RARELY = timedelta(days=1)
LASTING = timedelta(days=2)
LACKING = "Stripe had counted it, and its total lacks it now."


def store(session: Session, ask: Ask, totals: Mapping[date, Decimal], asked_at: datetime) -> None:
    """Write the total of each day that was asked for. Days without use of ours are made where Stripe has some."""
    owners = lock_rows(session, ask.ids)
    rows = rows_of(session, ask)
    for day in {day for day, total in totals.items() if total} - rows.keys():
        rows[day] = [foreign_day(session, owners[0], day, rows)]
    open_days = unconfirmed_days(session, ask.ids)
    waits = [
        store_day(session, meter_of(session, owners[0]), found, totals.get(day, Decimal(0)), asked_at)
        for day, found in sorted(rows.items())
        if day in open_days or not is_settled(found, totals.get(day, Decimal(0)), asked_at)
    ]
    for owner in owners:
        owner.compared_at = asked_at
    schedule(session, ask, min((wait for wait in waits if wait), default=None))


def lock_rows(session: Session, ids: Sequence[int]) -> list[ClientMeter]:
    """Lock the client meters in the order in which everyone locks them; the one that began last comes first."""
    locked = session.scalars(
        select(ClientMeter).where(ClientMeter.id.in_(ids)).order_by(ClientMeter.id).with_for_update()
    ).all()
    return sorted(locked, key=lambda row: (row.begins_at, row.id), reverse=True)


def rows_of(session: Session, ask: Ask) -> dict[date, list[MeterDay]]:
    first, last = ask.days or (date.max, date.min)
    mine = select(MeterDay).where(MeterDay.client_meter_id.in_(ask.ids), MeterDay.day.between(first, last))
    found = defaultdict(list)
    for row in session.scalars(mine.order_by(MeterDay.period_starts_at)):
        found[row.day].append(row)
    return found


def meter_of(session: Session, row: ClientMeter) -> Meter:
    return session.scalars(
        select(Meter).where(
            Meter.processor_account_id == row.processor_account_id, Meter.stripe_meter_id == row.stripe_meter_id
        )
    ).one()


def foreign_day(session: Session, owner: ClientMeter, day: date, rows: Mapping[date, Sequence[MeterDay]]) -> MeterDay:
    """A day on which the client used nothing, for what somebody else reported."""
    starts = sorted(row.period_starts_at for found in rows.values() for row in found)
    ends = datetime.combine(day + timedelta(days=1), time(), owner.begins_at.tzinfo)
    period = max((start for start in starts if start < ends), default=min([owner.begins_at, *starts]))
    row = MeterDay(client_meter_id=owner.id, day=day, period_starts_at=period, counted=0, sent=0, rejected=0, waiting=0)
    session.add(row)
    return row


def is_settled(rows: Sequence[MeterDay], total: Decimal, asked_at: datetime) -> bool:
    """Whether the total is what was sent. Then no event has to be read; every event of the day is confirmed."""
    if total != sum(row.sent for row in rows) or any(row.differs_since for row in rows):
        return False
    for row in rows:
        row.at_stripe, row.compared_at = int(total), asked_at
    return True


def store_day(
    session: Session, meter: Meter, rows: Sequence[MeterDay], total: Decimal, asked_at: datetime
) -> timedelta | None:
    """Compare one day and write what it proves. Returns after how long Stripe is asked again; None: all is equal."""
    ids, day = {row.client_meter_id for row in rows}, rows[0].day
    events = session.scalars(
        select(MeterEvent).where(MeterEvent.client_meter_id.in_(ids), MeterEvent.day == day).order_by(MeterEvent.id)
    ).all()
    found = compare(meter, events, total, asked_at)
    is_alarm = found.verdict in ("missing", "more")
    for row in rows:
        row.at_stripe, row.compared_at = found.at_stripe, asked_at
        row.differs_since = (row.differs_since or asked_at) if is_alarm else None
        row.differs_by = -found.by if found.verdict == "missing" else found.by
    write_proof(session, events, found, asked_at)
    for client_meter_id in ids:
        outbox.refresh_days(session, client_meter_id, [day])
    if found.verdict == "equal":
        return None
    return RARELY if any(row.differs_since and row.differs_since < asked_at - LASTING for row in rows) else AGAIN


def restate(session: Session, row: ClientMeter, day: date) -> None:
    """Compare a day anew with the total that is known, after its events have changed."""
    ids = [one.id for one in siblings(session, row)]
    rows = session.scalars(
        select(MeterDay)
        .where(MeterDay.client_meter_id.in_(ids), MeterDay.day == day)
        .order_by(MeterDay.period_starts_at)
    ).all()
    if rows and rows[-1].at_stripe is not None and rows[-1].compared_at is not None:
        store_day(session, meter_of(session, row), rows, Decimal(rows[-1].at_stripe), rows[-1].compared_at)


def write_proof(session: Session, events: Sequence[MeterEvent], found: Comparison, asked_at: datetime) -> None:
    """Confirm what the total proves to be counted, and put in doubt what it proves to be lost, confirmed or not."""
    if found.verdict == "equal":
        confirm(session, [event.id for event in events if event.state in TAKEN], asked_at)
    elif found.verdict == "missing" and found.is_certain:
        lost = {event.id for event in found.suspects}
        confirm(session, [one.id for one in events if one.id not in lost and is_firm(one, asked_at)], asked_at)
        put_in_doubt(session, [event.id for event in found.suspects])


def confirm(session: Session, ids: Sequence[int], asked_at: datetime) -> None:
    move(session, ids, ("sent", "in_doubt"), state="confirmed", confirmed_at=asked_at, problem="")


def put_in_doubt(session: Session, ids: Sequence[int]) -> None:
    move(session, ids, ("confirmed",), state="in_doubt", problem=LACKING)


def move(session: Session, ids: Sequence[int], states: Sequence[MeterEventState], **values: object) -> None:
    """Change these events where they are still in such a state: a report of Stripe's may have come meanwhile."""
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        session.execute(
            update(MeterEvent)
            .where(MeterEvent.id.in_(chunk), MeterEvent.state.in_(states))
            .values(**values)
            .execution_options(synchronize_session="fetch")
        )


def schedule(session: Session, ask: Ask, wait: timedelta | None = None) -> None:
    """Set when the totals are due again: after a wait, or at the next turn of a period, in the client's time."""
    moment = now()
    times = [] if wait is None else [moment + wait]
    times += [moment + AGAIN] if ask.is_on_clock else [turn for turn in ask.turns if turn > moment]
    for owner in session.scalars(select(ClientMeter).where(ClientMeter.id.in_(ask.ids))):
        owner.compare_after = min(times, default=None)
