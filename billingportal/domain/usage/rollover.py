"""Begins the next period of counters when one has ended. A report does the same for its client when it is faster."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.domain.common.due_times import is_impossible
from billingportal.domain.usage import current_use
from billingportal.domain.usage.counting.references import lock_clients
from billingportal.domain.usage.reports import ClockTimes, no_clocks
from billingportal.models import ClientUsage

BATCH = 100


def roll_over(session: Session, moment: datetime, after_id: int = 0, clock_times: ClockTimes = no_clocks) -> int | None:
    """Begin the next period for a batch of counters whose period has ended, after an id of `client_usage`.

    Returns the id after which to go on, or None. A period that begins later than now was begun by a clock that was
    ahead. Clients on a test clock begin their next period when Stripe tells that the clock has advanced.
    """
    starts_at, ends_at = ClientUsage.period_starts_at, ClientUsage.period_ends_at
    rows = session.execute(
        select(ClientUsage.id, ClientUsage.client_id, ClientUsage.resource_id)
        .where(or_(ends_at <= moment, is_impossible(starts_at, moment)), ClientUsage.id > after_id)
        .order_by(ClientUsage.id)
        .limit(BATCH)
    ).all()
    on_clocks = clock_times(session, sorted({row.client_id for row in rows}))
    pairs = {(row.client_id, row.resource_id) for row in rows if row.client_id not in on_clocks}
    lock_clients(session, {client_id for client_id, _ in pairs})
    current_use.refresh(session, pairs, {})
    return rows[-1].id if len(rows) == BATCH else None
