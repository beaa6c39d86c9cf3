"""Stores every event once and applies it to its object's row, in one transaction."""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, StatementError
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.database.unavailable import is_unavailable
from billingportal.db import Database
from billingportal.domain.common.evaluation_queue import mark_customer
from billingportal.domain.sync import row_sql
from billingportal.domain.sync.apply import apply_event, is_past
from billingportal.domain.sync.object_types import OBJECT_TYPE_OF_EVENT, UPCOMING, ObjectType, is_creation
from billingportal.domain.sync.ordering import EventSnapshot, Verdict
from billingportal.domain.sync.outgoing_events import record_failed_payment
from billingportal.domain.sync.snapshots import has_hidden_part, snapshot_of_event
from billingportal.errors import PortalError
from billingportal.models import StripeEvent
from billingportal.models.connection.stripe_event import EventSource, EventState
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.gateway import API_VERSION
from billingportal.stripe_gateway.objects.copies import EventCopy

EVENTS = cast(Table, StripeEvent.__table__)
# Events that are not applied yet.
WAITING: tuple[EventState, ...] = ("pending", "failed")
# The object's row is at least as new as the event.
DONE: tuple[EventState, ...] = ("applied", "stale")
RETRY_SECONDS = (5, 30, 120, 600, 3600)

# Errors that one unreadable or unexpected event may raise while it is applied. An unavailable database is
# not among them: then nothing is stored, and Stripe is asked to deliver it again.
UNABSORBED = (
    PortalError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    DataError,
    IntegrityError,
    ProgrammingError,
    StatementError,
)


STATE_AFTER: dict[Verdict, EventState] = {
    Verdict.ABSORB: "applied",
    Verdict.CONFIRM: "applied",
    Verdict.STALE: "stale",
    Verdict.ASK: "pending",
}


@dataclass(frozen=True)
class Result:
    """The outcome of one attempt to apply an event."""

    state: EventState
    changes: JsonObject
    error: str | None = None


@dataclass(frozen=True)
class EndpointProof:
    """The secret that verified an event. The event is stored only if its webhook endpoint still has this secret."""

    token: str
    secret_sealed: str | None


@dataclass(frozen=True)
class Told:
    """The object of an event, with the snapshot from its payload."""

    kind: ObjectType
    object_id: str
    sighting: EventSnapshot


def receive_event(
    transaction: Callable[[], AbstractContextManager[Database]],
    processor_account_id: int,
    event: EventCopy,
    payload: str,
    *,
    livemode: bool,
    proof: EndpointProof,
) -> EventState | None:
    """Store a verified event and apply it, all or nothing.

    Returns its state, or None when it was stored before or the proof is no longer valid: then nothing changes.

    An event that cannot be applied is stored all the same, as failed.
    """
    try:
        # Read before the transaction begins: while it runs, SQLite lets nobody else write.
        found = read_event(event, livemode=livemode)
        with transaction() as database:
            result = found if isinstance(found, Result) else apply_told(database, processor_account_id, found)
            if event.type == UPCOMING and result.state == "ignored":
                result = mark_upcoming(database, processor_account_id, event)
            return store_event(database, processor_account_id, event, payload, result, proof)
    except UNABSORBED as error:
        if is_unavailable(error):
            raise  # it says nothing about the event
        failure = Result("failed", {}, describe(error))
    with transaction() as database:
        return store_event(database, processor_account_id, event, payload, failure, proof)


def read_event(event: EventCopy, *, livemode: bool) -> Result | Told:
    """The event's snapshot of its object, or its result where that is known without reading any row."""
    if event.livemode is not livemode or event.stripe_account_id is not None:
        return Result("refused", {}, "The event belongs to another mode or another Stripe account.")
    kind = OBJECT_TYPE_OF_EVENT.get(event.type)
    if kind is None or event.object_id is None:
        return Result("ignored", {})
    if not kind.payload_is_complete or event.api_version != API_VERSION or has_hidden_part(event.object):
        return Result("pending", {})
    return Told(kind, event.object_id, snapshot_of_event(event))


def mark_upcoming(database: Database, processor_account_id: int, event: EventCopy) -> Result:
    """Have the client evaluated whose next invoice is announced."""
    customer_id = event.object.get("customer")
    if isinstance(customer_id, str):
        mark_customer(database, processor_account_id, customer_id)
    return Result("applied", {})


def describe(error: BaseException) -> str:
    """The error in one line. Database errors quote their parameters, so only their kind is kept."""
    words = "" if isinstance(error, StatementError) else str(error)
    return f"{type(error).__name__}: {words}".strip(": ")[:500]


def apply_told(database: Database, processor_account_id: int, told: Told) -> Result:
    """Apply an event's snapshot to the object's row, if its order is proven. Does not store the event itself."""
    done = apply_event(database, told.kind, processor_account_id, told.object_id, told.sighting)
    return Result(STATE_AFTER[done.verdict], done.changes)


def store_event(
    database: Database,
    processor_account_id: int,
    event: EventCopy,
    payload: str,
    result: Result,
    proof: EndpointProof,
) -> EventState | None:
    """Insert the event with its result. None when it is stored already or unproven: the transaction is rolled back."""
    values = event_values(processor_account_id, event, payload, "webhook", result)
    statement = row_sql.add_proven(database, EVENTS)
    proven_by = {"proof_token": proof.token, "proof_secret": proof.secret_sealed}
    if database.execute(statement, values | proven_by).scalar_one_or_none() is not None:
        if result.state in DONE:
            record_failed_payment(database, processor_account_id, event.type, event.object_id)
        return result.state
    database.rollback()
    return None


def event_values(
    processor_account_id: int, event: EventCopy, payload: str, source: EventSource, result: Result
) -> dict[str, object]:
    moment = now()
    return {
        "processor_account_id": processor_account_id,
        "stripe_event_id": event.stripe_event_id,
        "type": event.type,
        "object_id": event.object_id,
        "stripe_customer_id": customer_of(event),
        "created_at": event.created_at,
        "received_at": moment,
        "source": source,
        "state": result.state,
        "payload": payload,
        "attempts": 1,
        "attempted_at": moment,
        "next_attempt_at": next_attempt(result.state, 1, moment),
        "error": result.error,
        "changes": result.changes,
    }


def customer_of(event: EventCopy) -> str | None:
    """The customer whom the event is about, as far as its object names one that a database can store."""
    if event.object.get("object") == "customer":
        return event.object_id
    customer = event.object.get("customer")
    return customer if isinstance(customer, str) and customer.isidentifier() else None


def store_listed(session: Session, processor_account_id: int, events: Iterable[EventCopy], *, livemode: bool) -> None:
    """Store events that catch-up found in Stripe's list, newest first. Those that are stored already stay unchanged.

    A listed event may have another shape than ours, so it is pending and its object is fetched, unless it is past.
    """
    for event in unseen(session, processor_account_id, list(events)):
        if event.livemode is not livemode or event.object_id is None:
            continue
        kind, creation = OBJECT_TYPE_OF_EVENT[event.type], is_creation(event.type)
        is_old = is_past(session, kind, processor_account_id, event.object_id, event.created_at, is_creation=creation)
        payload = json.dumps({"id": event.stripe_event_id, "type": event.type, "data": {"object": event.object}})
        result = Result("stale" if is_old else "pending", {})
        values = event_values(processor_account_id, event, payload, "catch-up", result)
        is_new = session.execute(row_sql.add_row(session, EVENTS), values).scalar_one_or_none() is not None
        if is_new and is_old:
            record_failed_payment(session, processor_account_id, event.type, event.object_id)


def unseen(session: Session, processor_account_id: int, events: list[EventCopy]) -> list[EventCopy]:
    """The events of mirrored object types that the inbox has not stored, oldest first."""
    ours = [event for event in reversed(events) if event.type in OBJECT_TYPE_OF_EVENT]
    seen = set(
        session.scalars(
            select(StripeEvent.stripe_event_id).where(
                StripeEvent.processor_account_id == processor_account_id,
                StripeEvent.stripe_event_id.in_([event.stripe_event_id for event in ours]),
            )
        )
    )
    return [event for event in ours if event.stripe_event_id not in seen]


def next_attempt(state: EventState, attempts: int, moment: datetime) -> datetime | None:
    """When to try again: a pending event at once, a failed one after a growing pause, others never."""
    if state == "pending":
        return moment
    if state == "failed":
        return moment + timedelta(seconds=RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1])
    return None
