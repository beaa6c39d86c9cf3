"""The queue of deliveries: claiming those that are due, in order per endpoint and client."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from billingportal.domain.outgoing_webhooks.http.requests import Request
from billingportal.domain.outgoing_webhooks.retries import is_due_now
from billingportal.domain.outgoing_webhooks.signatures import open_secrets, signed_headers
from billingportal.models import OutgoingDelivery, OutgoingEndpoint, OutgoingMessage
from billingportal.models.outgoing_webhooks.outgoing_delivery import IS_WAITING
from billingportal.vault import CannotOpen, Vault

# The deliveries of a worker that dies are free for others after this long. An attempt takes 10 seconds at most.
LEASE = timedelta(seconds=30)
# Attempts that one worker makes at once: per endpoint, and per endpoint that takes nothing now.
MOST_AT_ONCE = 4
MOST_WHILE_FAILING = 1


@dataclass(frozen=True)
class Claimed:
    """A delivery that this worker attempts. `request` is None when its secret cannot be opened."""

    delivery_id: int
    endpoint_id: int
    request: Request | None
    leased_until: datetime


def claim_due(session: Session, vault: Vault, moment: datetime, under_way: Mapping[int, int]) -> list[Claimed]:
    """Claim due deliveries, as many per endpoint as it may have at once. `under_way` counts this worker's own."""
    endpoints = session.scalars(select(OutgoingEndpoint).where(OutgoingEndpoint.deleted_at.is_(None))).all()
    return [
        claimed
        for endpoint in endpoints
        if (room := most_at_once(endpoint) - under_way.get(endpoint.id, 0)) > 0
        for claimed in claim_of(session, endpoint, vault, moment, room)
    ]


def most_at_once(endpoint: OutgoingEndpoint) -> int:
    return MOST_AT_ONCE if endpoint.failing_since is None else MOST_WHILE_FAILING


def claim_of(session: Session, endpoint: OutgoingEndpoint, vault: Vault, moment: datetime, room: int) -> list[Claimed]:
    rows = session.execute(
        select(OutgoingDelivery, OutgoingMessage)
        .join(OutgoingMessage, OutgoingMessage.id == OutgoingDelivery.message_id)
        .where(OutgoingDelivery.endpoint_id == endpoint.id, is_attemptable(endpoint), is_due_now(moment))
        .order_by(OutgoingDelivery.next_attempt_at, OutgoingDelivery.id)
        .limit(room)
        .with_for_update(of=OutgoingDelivery, skip_locked=True)
    ).all()
    return [claim(delivery, message, endpoint, vault, moment) for delivery, message in rows]


def is_attemptable(endpoint: OutgoingEndpoint) -> ColumnElement[bool]:
    """SQL condition: a waiting delivery may be attempted now. Tests and resent ones may while the endpoint is off."""
    if endpoint.state != "on":
        return IS_WAITING & ~OutgoingDelivery.keeps_order
    earlier = aliased(OutgoingDelivery)
    precedes = select(earlier.id).where(
        earlier.endpoint_id == OutgoingDelivery.endpoint_id,
        earlier.client_id == OutgoingDelivery.client_id,
        earlier.state == literal_column("'waiting'"),
        earlier.keeps_order,
        earlier.id < OutgoingDelivery.id,
    )
    return IS_WAITING & (~OutgoingDelivery.keeps_order | ~precedes.exists())


def claim(
    delivery: OutgoingDelivery, message: OutgoingMessage, endpoint: OutgoingEndpoint, vault: Vault, moment: datetime
) -> Claimed:
    delivery.next_attempt_at = moment + LEASE
    request = None
    try:
        signing = open_secrets(endpoint, vault, moment)
    except CannotOpen:
        pass
    else:
        request = Request(endpoint.url, signed_headers(signing, message.webhook_id, moment, message.body), message.body)
    return Claimed(delivery.id, endpoint.id, request, moment + LEASE)


def make_next_due(session: Session, endpoint_id: int, client_id: int, moment: datetime) -> None:
    """Make the first of a queue due, when none of it is: the one before it has left."""
    first = (
        select(OutgoingDelivery.id)
        .where(*in_queue(endpoint_id), OutgoingDelivery.client_id == client_id)
        .order_by(OutgoingDelivery.id)
        .limit(1)
    )
    session.execute(
        update(OutgoingDelivery)
        .where(OutgoingDelivery.id.in_(first.scalar_subquery()), OutgoingDelivery.next_attempt_at.is_(None))
        .values(next_attempt_at=moment)
        .execution_options(synchronize_session=False)
    )


def make_all_due(session: Session, endpoint_id: int, moment: datetime, *, unanswered_only: bool = False) -> None:
    """Make the first of every queue of an endpoint due now; or only those whose last attempt got no answer.

    What is due within a lease may be under way, and is left alone.
    """
    changed = (
        update(OutgoingDelivery)
        .where(*in_queue(endpoint_id), OutgoingDelivery.next_attempt_at > moment + LEASE)
        .values(next_attempt_at=moment)
        .execution_options(synchronize_session=False)
    )
    if unanswered_only:
        changed = changed.where(OutgoingDelivery.attempts > 0, OutgoingDelivery.last_status.is_(None))
    session.execute(changed)


def start_again(session: Session, endpoint_id: int, moment: datetime) -> None:
    """Give every waiting delivery of an endpoint all its attempts again, the first of each queue now."""
    make_all_due(session, endpoint_id, moment)
    session.execute(
        update(OutgoingDelivery)
        .where(*in_queue(endpoint_id), OutgoingDelivery.attempts > 0)
        .values(attempts=0)
        .execution_options(synchronize_session=False)
    )


def in_queue(endpoint_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        OutgoingDelivery.endpoint_id == endpoint_id,
        IS_WAITING,
        OutgoingDelivery.keeps_order.is_(True),
    )
