"""Stores what came of an attempt: on the delivery, on its queue, and on the endpoint."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billingportal.domain.common import audit
from billingportal.domain.outgoing_webhooks import queue
from billingportal.domain.outgoing_webhooks.http.requests import GONE, Outcome
from billingportal.domain.outgoing_webhooks.queue import Claimed
from billingportal.domain.outgoing_webhooks.retries import PATIENCE, next_attempt
from billingportal.models import OutgoingAttempt, OutgoingDelivery, OutgoingEndpoint
from billingportal.models.outgoing_webhooks.outgoing_endpoint import OffReason

log = logging.getLogger(__name__)
# After an outage of this length, messages that got no answer meanwhile are not kept waiting for their next attempt.
OUTAGE = timedelta(minutes=5)
OFF_WORDS: dict[OffReason, str] = {
    "failing": "Switched off: it took nothing for three days",
    "gone": "Switched off: it answered 410 Gone",
}


def store_outcome(session: Session, claimed: Claimed, outcome: Outcome, moment: datetime) -> None:
    """Store the outcome of an attempt that ended at a moment.

    The endpoint is locked before the delivery: whoever switches it on or off does so too.
    """
    endpoint = session.get_one(OutgoingEndpoint, claimed.endpoint_id, with_for_update={"key_share": True})
    delivery = session.get(OutgoingDelivery, claimed.delivery_id, with_for_update=True)
    if delivery is None:  # its endpoint was deleted meanwhile
        return
    attempted_at = moment - timedelta(milliseconds=outcome.duration_ms)
    session.add(attempt_of(claimed, outcome, attempted_at))
    if delivery.state != "waiting":
        return
    if outcome.is_taken:
        store_taken(session, endpoint, delivery, moment)
    elif delivery.next_attempt_at == claimed.leased_until:
        store_failed(session, endpoint, delivery, outcome, attempted_at)


def attempt_of(claimed: Claimed, outcome: Outcome, attempted_at: datetime) -> OutgoingAttempt:
    return OutgoingAttempt(
        delivery_id=claimed.delivery_id,
        attempted_at=attempted_at,
        duration_ms=outcome.duration_ms,
        status=outcome.status,
        problem=outcome.problem[:200],
        answer=outcome.answer,
    )


def store_taken(session: Session, endpoint: OutgoingEndpoint, delivery: OutgoingDelivery, moment: datetime) -> None:
    delivery.attempts += 1
    leave_queue(session, delivery, "taken", moment)
    had_outage = endpoint.failing_since is not None and moment - endpoint.failing_since > OUTAGE
    endpoint.last_taken_at, endpoint.failing_since, endpoint.last_problem = moment, None, ""
    if had_outage:
        queue.make_all_due(session, endpoint.id, moment, unanswered_only=True)


def store_failed(
    session: Session, endpoint: OutgoingEndpoint, delivery: OutgoingDelivery, outcome: Outcome, attempted_at: datetime
) -> None:
    """A test or a resent message is not tried again, and says nothing about how long the endpoint has been failing."""
    delivery.attempts += 1
    delivery.last_status = outcome.status
    if not delivery.keeps_order:
        leave_queue(session, delivery, "set_aside", attempted_at)
        return
    if endpoint.state == "on":
        endpoint.failing_since = endpoint.failing_since or attempted_at
        endpoint.last_problem = outcome.problem[:200]
        if outcome.status == GONE:
            switch_off(session, endpoint, "gone", attempted_at)
        elif has_failed_too_long(endpoint, attempted_at):
            switch_off(session, endpoint, "failing", attempted_at)
    due = next_attempt(delivery.attempts, attempted_at)
    if endpoint.state == "on" and due is None:
        leave_queue(session, delivery, "set_aside", attempted_at)
    else:
        # While the endpoint is off nothing is set aside: it is caught up once it is on again.
        delivery.next_attempt_at = due or attempted_at


def leave_queue(session: Session, delivery: OutgoingDelivery, state: str, moment: datetime) -> None:
    """End the delivery's waiting, and make the next of its queue due."""
    delivery.state = "taken" if state == "taken" else "set_aside"
    delivery.next_attempt_at = None
    session.flush()
    if delivery.keeps_order:
        queue.make_next_due(session, delivery.endpoint_id, delivery.client_id, moment)


def has_failed_too_long(endpoint: OutgoingEndpoint, moment: datetime) -> bool:
    return endpoint.failing_since is not None and moment - endpoint.failing_since >= PATIENCE


def switch_off(session: Session, endpoint: OutgoingEndpoint, reason: OffReason, moment: datetime) -> None:
    """Switch an endpoint off. Its messages wait and new ones are added, until staff switch it on again."""
    endpoint.state, endpoint.off_reason, endpoint.off_at = "off", reason, moment
    words = f"{OFF_WORDS[reason]}: {endpoint.url}"
    log.warning("an outgoing webhook was switched off (%s): endpoint %s", reason, endpoint.id)
    subject = ("outgoing_endpoint", endpoint.id)
    audit.record_act(session, audit.Act("outgoing_endpoint.switched_off", words, actor="sync", subject=subject))
