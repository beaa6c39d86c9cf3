"""Makes the calls of a claim, one after the other, and stores what came of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.metering.outbox import refresh_events
from billingportal.domain.metering.sending.claims import BATCH_SECONDS, Claimed, Outgoing, siblings
from billingportal.domain.metering.sending.retries import next_attempt
from billingportal.models import ClientMeter, MeterEvent
from billingportal.stripe_gateway.errors import (
    KeyRejected,
    MeterEventExists,
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    TooManyRequests,
)
from billingportal.stripe_gateway.gateway import StripeGateway

# Stripe has done nothing then, so nobody needs to doubt the event later.
NOT_TAKEN = (KeyRejected, RightMissing, TooManyRequests)
Result = Literal["taken", "refused", "unknown"]


@dataclass(frozen=True)
class Outcome:
    """`unknown`: nobody can say whether Stripe took it; the same identifier is sent again."""

    call: Outgoing
    result: Result
    request_id: str | None = None
    problem: StripeProblem | None = None


@dataclass
class Sent:
    """What came of a claim's calls. Those that were not made any more have no outcome."""

    claimed: Claimed
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def account_problem(self) -> StripeProblem | None:
        """A problem with the key or its rights, which every other call would have too."""
        problems = [one.problem for one in self.outcomes]
        return next((one for one in problems if isinstance(one, (KeyRejected, RightMissing))), None)


def send(gateway: StripeGateway, claimed: Claimed) -> Sent:
    """Make the calls until one has no answer or the time of the claim is over."""
    sent, ends_at = Sent(claimed), time.monotonic() + BATCH_SECONDS
    for call in claimed.calls:
        sent.outcomes.append(make_call(gateway, call))
        if sent.outcomes[-1].result == "unknown" or time.monotonic() > ends_at:
            break
    return sent


def make_call(gateway: StripeGateway, call: Outgoing) -> Outcome:
    try:
        if call.takes_back:
            gateway.meter_events.cancel(call.event_name, call.identifier, call.idempotency_key)
            return Outcome(call, "taken")
        request_id = gateway.meter_events.create(
            call.event_name, call.payload, call.identifier, call.at, call.idempotency_key
        )
    except MeterEventExists as problem:
        return Outcome(call, "taken", problem.request_id)
    except (RequestRefused, NotThere) as problem:
        return Outcome(call, "refused", problem.request_id, problem)
    except StripeProblem as problem:
        return Outcome(call, "unknown", problem.request_id, problem)
    return Outcome(call, "taken", request_id)


def store(session: Session, sent: Sent, moment: datetime) -> int:
    """Store the outcomes, free the claim and say when the next call is due; returns how many events Stripe took."""
    rows = siblings(session, sent.claimed.client_meter_ids[0])
    ids = [one.call.event_id for one in sent.outcomes]
    events = {
        event.id: event
        for event in session.scalars(
            select(MeterEvent).where(MeterEvent.id.in_(ids)).execution_options(populate_existing=True)
        )
    }
    for one in sent.outcomes:
        event = events[one.call.event_id]
        if isinstance(one.problem, NOT_TAKEN) and event.first_sent_at == sent.claimed.claimed_at:
            event.first_sent_at = None
        store_outcome(event, one, moment)
    uncount(session, sent)
    refresh_events(session, list(events.values()))
    free(session, rows, sent, moment)
    return sum(one.result == "taken" for one in sent.outcomes)


def uncount(session: Session, sent: Sent) -> None:
    """Calls of the claim that were not made: Stripe was not asked for them."""
    made = {one.call.event_id for one in sent.outcomes}
    left = [call.event_id for call in sent.claimed.calls if call.event_id not in made]
    for event in session.scalars(select(MeterEvent).where(MeterEvent.id.in_(left))):
        event.attempts -= 1
        if event.attempts == 0 and event.state == "due":
            event.first_sent_at = None


def store_outcome(event: MeterEvent, outcome: Outcome, moment: datetime) -> None:
    """An event that another way has settled meanwhile, as an error report does, stays as it is."""
    event.request_id = outcome.request_id or event.request_id
    if outcome.call.takes_back:
        if event.state == "cancelling":
            store_taken_back(event, outcome, moment)
    elif event.state == "due":
        store_sent(event, outcome, moment)


def store_sent(event: MeterEvent, outcome: Outcome, moment: datetime) -> None:
    problem = outcome.problem
    if outcome.result == "taken":
        event.state, event.sent_at, event.problem, event.next_attempt_at = "sent", moment, "", None
    elif problem is not None and outcome.result == "refused":
        event.state, event.reason, event.problem = "rejected", (problem.code or "refused"), problem.message
        event.next_attempt_at = None
    elif problem is not None:
        event.problem = problem.message
        event.next_attempt_at = next_attempt(event.attempts, moment, problem.retry_after_seconds)


def store_taken_back(event: MeterEvent, outcome: Outcome, moment: datetime) -> None:
    problem = outcome.problem
    if outcome.result == "taken":
        event.state, event.next_attempt_at = "cancelled", None
    elif problem is not None and outcome.result == "refused":
        # After an answer that was lost, Stripe may refuse because it has taken the event back already.
        event.state = "sent" if event.attempts == 1 else "in_doubt"
        event.problem, event.next_attempt_at = f"Stripe did not take it back: {problem.message}", None
    elif problem is not None:
        event.next_attempt_at = next_attempt(event.attempts, moment, problem.retry_after_seconds)


def free(session: Session, rows: Sequence[ClientMeter], sent: Sent, moment: datetime) -> None:
    """Free the claim, unless it ran out and another worker has the rows now."""
    left = unsent_number(session, rows)
    waits = [one for one in sent.outcomes if one.result == "unknown"]
    retry_at = next((retry_time(session, one, moment) for one in waits), moment)
    for row in rows:
        if row.leased_until in (sent.claimed.leased_until, None):
            row.leased_until = None
            row.send_after = retry_at if left else None
    session.flush()


def retry_time(session: Session, outcome: Outcome, moment: datetime) -> datetime:
    return session.get_one(MeterEvent, outcome.call.event_id).next_attempt_at or moment


def unsent_number(session: Session, rows: Sequence[ClientMeter]) -> int:
    found = session.scalar(
        select(func.count())
        .select_from(MeterEvent)
        .where(
            MeterEvent.client_meter_id.in_([row.id for row in rows]),
            MeterEvent.state.in_(("due", "cancelling")),
        )
    )
    return found or 0
