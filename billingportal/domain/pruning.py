"""Drops what is kept for a time only."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billingportal.models import StripeEvent

EVENTS_KEPT = timedelta(days=90)
# A small bite at a time: on SQLite nobody else can write meanwhile.
BITE = 5000


def drop_old_rows(session: Session, moment: datetime) -> int:
    """Delete settled events older than 90 days, oldest first. Returns how many. Events that wait or failed stay."""
    oldest = select(StripeEvent).order_by(StripeEvent.id).limit(BITE).subquery()
    old = select(oldest.c.id).where(
        oldest.c.received_at < moment - EVENTS_KEPT,
        oldest.c.state.in_(("applied", "stale", "ignored", "refused")),
    )
    ids = list(session.scalars(old))
    session.execute(delete(StripeEvent).where(StripeEvent.id.in_(ids)))
    return len(ids)
