"""Sends tests, and sends messages again on request of staff."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.outgoing_webhooks import events, queue
from billingportal.domain.outgoing_webhooks.event_types import TEST
from billingportal.errors import Refusal
from billingportal.models import OutgoingDelivery, OutgoingEndpoint, OutgoingMessage
from billingportal.plain_json import JsonObject


def send_test(session: Session, endpoint: OutgoingEndpoint, sender: str) -> int:
    """Write a test for one endpoint, whatever it chose and also while it is off. Returns the delivery's id."""
    data: JsonObject = {"message": "This is a test. Nothing has changed.", "sent_by": sender}
    message_id = events.write_message(session, endpoint.mode, TEST, None, data, about=f"Sent by {sender}")
    events.write_deliveries(session, message_id, TEST, [endpoint.id], None, keeps_order=False)
    return session.scalars(select(OutgoingDelivery.id).where(OutgoingDelivery.message_id == message_id)).one()


def resend_message(session: Session, endpoint: OutgoingEndpoint, delivery_id: int, *, staff_id: int) -> None:
    """Send a message now. Lock the endpoint first. Raises Refusal.

    A finished one is sent once more, out of order. One that waits is tried at once, or the one that it waits for is.
    """
    delivery = session.get(OutgoingDelivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise Refusal("", "This message is gone. Messages are kept for 30 days.")
    if delivery.state != "waiting":
        delivery.state, delivery.keeps_order, delivery.next_attempt_at = "waiting", False, now()
    elif not delivery.keeps_order:
        return
    elif endpoint.state != "on":
        raise Refusal("", "This message waits for its turn. Switch the address on to send it.")
    else:
        make_first_due(session, delivery)
    message = session.get_one(OutgoingMessage, delivery.message_id)
    words = f"Sent {message.type} again to {endpoint.url}"
    subject = ("outgoing_endpoint", endpoint.id)
    audit.record_act(session, audit.Act("outgoing_message.resent", words, staff_id=staff_id, subject=subject))


def make_first_due(session: Session, delivery: OutgoingDelivery) -> None:
    """Try the first of the delivery's queue now, unless it is under way or about to be tried."""
    moment = now()
    session.execute(
        update(OutgoingDelivery)
        .where(
            *queue.in_queue(delivery.endpoint_id),
            OutgoingDelivery.client_id == delivery.client_id,
            OutgoingDelivery.next_attempt_at > moment + queue.LEASE,
        )
        .values(next_attempt_at=moment)
    )
