"""Deletes records whose retention of 100 days is over, and which no invoice needs any more.

A counter's record stays until its period has been over for 40 days: records come up to 35 days late, and the invoice
of a period is final by then. Totals and days are kept for good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billingportal.domain.usage.periods import period_in, stored_periods
from billingportal.domain.usage.reports import ClockTimes, no_clocks
from billingportal.models import Resource, UsageRecord

RECORDS_KEPT = timedelta(days=100)
PERIOD_CLOSED = timedelta(days=40)
# A small bite at a time: on SQLite nobody else can write meanwhile.
BITE = 2000


@dataclass(frozen=True)
class Old:
    id: int
    client_id: int
    resource_id: int
    at: datetime


def drop_old_records(
    session: Session, moment: datetime, after_id: int = 0, clock_times: ClockTimes = no_clocks
) -> int | None:
    """In one bite after an id, delete the records that nothing needs any more.

    Returns the id after which to go on, or None when the records from there on are younger. Ids grow in the order of
    arrival.
    """
    rows = session.execute(
        select(UsageRecord.id, UsageRecord.client_id, UsageRecord.resource_id, UsageRecord.at, UsageRecord.received_at)
        .where(UsageRecord.id > after_id)
        .order_by(UsageRecord.id)
        .limit(BITE)
    ).all()
    old = [Old(*row[:4]) for row in rows if row.received_at < moment - RECORDS_KEPT]
    ids = [record.id for record in unneeded(session, old, moment, clock_times)]
    session.execute(delete(UsageRecord).where(UsageRecord.id.in_(ids)))
    return old[-1].id if len(old) == BITE else None


def unneeded(session: Session, old: list[Old], moment: datetime, clock_times: ClockTimes) -> list[Old]:
    clients = sorted({record.client_id for record in old})
    clocks = clock_times(session, clients)
    closed = {client_id: clocks.get(client_id, moment) - PERIOD_CLOSED for client_id in clients}
    counters = set(session.scalars(select(Resource.id).where(Resource.kind == "counter")))
    periods = stored_periods(session, clients, min(closed.values(), default=moment))
    open_from = {client_id: period_in(periods.get(client_id, ()), at).starts_at for client_id, at in closed.items()}
    return [record for record in old if record.resource_id not in counters or record.at < open_from[record.client_id]]
