"""What the pages show of endpoints and their messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.outgoing_webhooks.queue import LEASE
from billingportal.models import Client, OutgoingAttempt, OutgoingDelivery, OutgoingEndpoint, OutgoingMessage
from billingportal.models.connection.processor_account import Mode
from billingportal.models.outgoing_webhooks.outgoing_delivery import IS_UNTAKEN, IS_WAITING

PAGE = 25
# Attempts that a page lists in all. Each message has ten, and one more for each time that it is sent again.
MOST_ATTEMPTS = 500
MessageFilter = Literal["", "failed", "waiting"]


@dataclass(frozen=True)
class Waiting:
    """How many messages wait at an endpoint, the time of the oldest, and of the next attempt."""

    count: int = 0
    since: datetime | None = None
    next_attempt_at: datetime | None = None


@dataclass(frozen=True)
class ListedMessage:
    """A message at one endpoint, with its attempts, newest first."""

    delivery: OutgoingDelivery
    message: OutgoingMessage
    client_name: str | None
    attempts: Sequence[OutgoingAttempt]

    @property
    def is_blocked(self) -> bool:
        """Whether it waits for the one before it."""
        return self.delivery.state == "waiting" and self.delivery.next_attempt_at is None

    @property
    def is_about_to_be_sent(self) -> bool:
        """Whether it is being sent, or is tried within seconds, if nothing stops its endpoint."""
        due = self.delivery.next_attempt_at
        return self.delivery.state == "waiting" and due is not None and due <= now() + LEASE


def waiting_by_endpoint(session: Session, endpoint_ids: Sequence[int]) -> dict[int, Waiting]:
    """What waits at each of the endpoints where anything does."""
    rows = session.execute(
        select(
            OutgoingDelivery.endpoint_id,
            func.count(),
            func.min(OutgoingDelivery.created_at),
            func.min(OutgoingDelivery.next_attempt_at),
        )
        .where(OutgoingDelivery.endpoint_id.in_(endpoint_ids), IS_WAITING)
        .group_by(OutgoingDelivery.endpoint_id)
    )
    return {endpoint_id: Waiting(count, since, due) for endpoint_id, count, since, due in rows}


def count_switched_off(session: Session, mode: Mode) -> int:
    """How many endpoints of the mode were switched off, for every page's navigation."""
    off = OutgoingEndpoint.state == "off", OutgoingEndpoint.deleted_at.is_(None), OutgoingEndpoint.mode == mode
    return session.scalar(select(func.count()).where(*off)) or 0


def listed_messages(
    session: Session,
    endpoint_id: int,
    wanted: MessageFilter = "",
    event_type: str = "",
    before: int | None = None,
) -> list[ListedMessage]:
    """A page of an endpoint's messages, newest first; one more than PAGE when there are older ones."""
    found = messages_of(endpoint_id)
    if wanted:
        found = found.where(IS_UNTAKEN)
    if wanted == "waiting":
        found = found.where(IS_WAITING)
    elif wanted == "failed":
        found = found.where((OutgoingDelivery.state == "set_aside") | (OutgoingDelivery.attempts > 0))
    if event_type:
        found = found.where(OutgoingDelivery.type == event_type)
    if before is not None:
        found = found.where(OutgoingDelivery.id < before)
    rows = session.execute(found.order_by(OutgoingDelivery.id.desc()).limit(PAGE + 1)).all()
    return with_attempts(session, rows)


def find_message(session: Session, endpoint_id: int, delivery_id: int) -> ListedMessage | None:
    rows = session.execute(messages_of(endpoint_id).where(OutgoingDelivery.id == delivery_id)).all()
    return next(iter(with_attempts(session, rows)), None)


def messages_of(endpoint_id: int) -> "Select[OutgoingDelivery, OutgoingMessage, str | None]":
    return (
        select(OutgoingDelivery, OutgoingMessage, Client.name)
        .join(OutgoingMessage, OutgoingMessage.id == OutgoingDelivery.message_id)
        .outerjoin(Client, Client.id == OutgoingMessage.client_id)
        .where(OutgoingDelivery.endpoint_id == endpoint_id)
    )


def with_attempts(
    session: Session, rows: "Sequence[Row[OutgoingDelivery, OutgoingMessage, str | None]]"
) -> list[ListedMessage]:
    attempts: dict[int, list[OutgoingAttempt]] = {delivery.id: [] for delivery, _, _ in rows}
    found = select(OutgoingAttempt).where(OutgoingAttempt.delivery_id.in_(attempts))
    for attempt in session.scalars(found.order_by(OutgoingAttempt.id.desc()).limit(MOST_ATTEMPTS)):
        attempts[attempt.delivery_id].append(attempt)
    return [ListedMessage(delivery, message, name, attempts[delivery.id]) for delivery, message, name in rows]
