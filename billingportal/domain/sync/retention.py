"""Deletes events whose retention of 90 days is over."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billingportal.models import StripeEvent

EVENTS_KEPT = timedelta(days=90)
# A small bite at a time: on SQLite nobody else can write meanwhile.
BITE = 5000
SETTLED = ("applied", "stale", "ignored", "refused")


def drop_old_rows(session: Session, moment: datetime, after_id: int = 0) -> int | None:
    """In one batch after an id, delete finished events older than 90 days. Pending and failed events stay.

    Returns the id after which to go on, or None when the events from there on are younger.
    """
    rows = session.execute(
        select(StripeEvent.id, StripeEvent.received_at, StripeEvent.state)
        .where(StripeEvent.id > after_id)
        .order_by(StripeEvent.id)
        .limit(BITE)
    ).all()
    old = [row for row in rows if row.received_at < moment - EVENTS_KEPT]
    settled = [row.id for row in old if row.state in SETTLED]
    session.execute(delete(StripeEvent).where(StripeEvent.id.in_(settled)))
    return old[-1].id if len(old) == BITE else None
