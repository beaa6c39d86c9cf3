"""Deletes messages after 30 days, and those of deleted endpoints at once."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import Session

from billingportal.domain.outgoing_webhooks import queue
from billingportal.models import OutgoingAttempt, OutgoingDelivery, OutgoingEndpoint, OutgoingMessage

KEPT_DAYS = 30
# A small bite at a time: on SQLite nobody else can write meanwhile.
BITE = 500


def drop_old_messages(session: Session, moment: datetime) -> bool:
    """Delete one bite of messages that are older than 30 days. Returns whether there may be more."""
    old = OutgoingMessage.created_at < moment - timedelta(days=KEPT_DAYS)
    ids = session.scalars(select(OutgoingMessage.id).where(old).order_by(OutgoingMessage.created_at).limit(BITE)).all()
    drop_deliveries(session, OutgoingDelivery.message_id.in_(ids), moment)
    session.execute(delete(OutgoingMessage).where(OutgoingMessage.id.in_(ids)))
    return len(ids) == BITE


def drop_deleted_endpoints(session: Session, moment: datetime) -> bool:
    """Delete one bite of the deliveries of deleted endpoints. Returns whether there may be more."""
    gone: Select[int] = select(OutgoingEndpoint.id).where(OutgoingEndpoint.deleted_at.is_not(None))
    ids = session.scalars(select(OutgoingDelivery.id).where(OutgoingDelivery.endpoint_id.in_(gone)).limit(BITE)).all()
    drop_deliveries(session, OutgoingDelivery.id.in_(ids), moment)
    return len(ids) == BITE


def drop_deliveries(session: Session, chosen: ColumnElement[bool], moment: datetime) -> None:
    """Delete deliveries with their attempts. A queue that loses its first one goes on with the next."""
    rows = session.execute(
        select(
            OutgoingDelivery.id, OutgoingDelivery.endpoint_id, OutgoingDelivery.client_id, OutgoingDelivery.state
        ).where(chosen)
    ).all()
    ids = [row.id for row in rows]
    session.execute(delete(OutgoingAttempt).where(OutgoingAttempt.delivery_id.in_(ids)))
    session.execute(delete(OutgoingDelivery).where(OutgoingDelivery.id.in_(ids)))
    for endpoint_id, client_id in {(row.endpoint_id, row.client_id) for row in rows if row.state == "waiting"}:
        queue.make_next_due(session, endpoint_id, client_id, moment)
