"""Retries pending and failed events by fetching the object from Stripe.

An answer that was requested after an event had arrived already reflects that event. So one answer
reconciles all of an object's waiting events, however many there are and in whatever order they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.database.unavailable import is_unavailable
from billingportal.db import Transaction
from billingportal.domain.common.due_times import is_due
from billingportal.domain.sync.apply import Applied, apply_fetched, revision
from billingportal.domain.sync.inbox import DONE, RETRY_SECONDS, UNABSORBED, WAITING, describe, next_attempt
from billingportal.domain.sync.object_types import INVOICE, OBJECT_TYPE_OF_EVENT, SUBSCRIPTION, ObjectType
from billingportal.domain.sync.ordering import FetchedSnapshot, Verdict
from billingportal.domain.sync.outgoing_events import record_failed_payment
from billingportal.models import ProcessorAccount, StripeEvent, Subscription
from billingportal.models.connection.stripe_event import EventState
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import KeyRejected, StripeProblem, StripeUnreachable, TooManyRequests
from billingportal.stripe_gateway.gateway import StripeGateway

BATCH = 50
# A worker that dies leaves its events to the others after this long.
LEASE = timedelta(seconds=30)
STRIPE_PAUSE = timedelta(seconds=15)
# Stripe may have been away, and then the object is wanted soon.
LONGEST_UNANSWERED = timedelta(minutes=2)
# How often Stripe is asked again when something else changed the row meanwhile.
ROUNDS = 5


@dataclass(frozen=True)
class Waiting:
    """One object at Stripe and its pending or failed events."""

    kind: ObjectType
    object_id: str
    event_ids: tuple[int, ...]


def waiting_accounts(session: Session) -> list[int]:
    """The ids of the connected accounts that have a working key and events to retry now."""
    due = (
        select(StripeEvent.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == StripeEvent.processor_account_id)
        .where(
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
            StripeEvent.state.in_(WAITING),
            is_due_now(now()),
        )
    )
    return list(session.scalars(due))


def reconcile_due(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> int:
    """Reconcile the events that are due. Returns how many objects were fetched.

    An object without an answer waits, and the others are fetched. After two of them in a row Stripe counts as away.
    Raises a StripeProblem when Stripe cannot be asked at all; the events then wait a little longer.
    """
    with transaction() as session:
        waiting = claim_events(session, processor_account_id, now())
    unanswered = False
    for position, one in enumerate(waiting):
        try:
            reconcile(transaction, gateway, processor_account_id, one)
        except StripeUnreachable as problem:
            with transaction() as session:
                postpone_unanswered(session, one, problem.message)
                if unanswered:
                    postpone_events(session, waiting[position + 1 :], problem.message, now() + STRIPE_PAUSE)
            if unanswered:
                raise
            unanswered = True
        except StripeProblem as problem:
            with transaction() as session:
                postpone_events(session, waiting[position:], problem.message, now() + STRIPE_PAUSE)
            raise
        else:
            unanswered = False
    return len(waiting)


def claim_events(session: Session, processor_account_id: int, moment: datetime) -> list[Waiting]:
    """Take the due events for this worker; others skip them until the lease ends."""
    events = session.scalars(
        select(StripeEvent)
        .where(
            StripeEvent.processor_account_id == processor_account_id,
            StripeEvent.state.in_(WAITING),
            is_due_now(moment),
        )
        .order_by(StripeEvent.next_attempt_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for event in events:
        event.next_attempt_at = moment + LEASE
    return group(events)


def is_due_now(moment: datetime) -> ColumnElement[bool]:
    """Whether a waiting event is due. Its longest pause depends on how often it has failed."""
    due = StripeEvent.next_attempt_at
    pauses = [max(timedelta(seconds=seconds), LEASE) for seconds in RETRY_SECONDS]
    by_attempts = [
        (StripeEvent.attempts == attempts) & is_due(due, moment, pause) for attempts, pause in enumerate(pauses, 1)
    ]
    return or_(
        (StripeEvent.state == "pending") & is_due(due, moment, max(LEASE, LONGEST_UNANSWERED)),
        (StripeEvent.state == "failed") & or_(is_due(due, moment, pauses[-1]), *by_attempts),
    )


def group(events: Sequence[StripeEvent]) -> list[Waiting]:
    """The events by object, in the order in which the first of each came."""
    found: dict[tuple[str, str], tuple[ObjectType, list[int]]] = {}
    for event in events:
        kind = OBJECT_TYPE_OF_EVENT[event.type]
        object_id = event.object_id or ""
        found.setdefault((kind.name, object_id), (kind, []))[1].append(event.id)
    return [Waiting(kind, object_id, tuple(ids)) for (_, object_id), (kind, ids) in found.items()]


def reconcile(transaction: Transaction, gateway: StripeGateway, processor_account_id: int, waiting: Waiting) -> None:
    """Fetch one object from Stripe and reconcile its events. Raises a StripeProblem when there is no answer."""
    try:
        done = refresh(transaction, gateway, processor_account_id, waiting.kind, waiting.object_id)
    except UNABSORBED as error:
        if is_for_later(error):
            raise
        with transaction() as session:
            mark_events(session, waiting.event_ids, "failed", {}, describe(error))
        return
    state: EventState = "pending" if done.verdict is Verdict.ASK else "applied"
    with transaction() as session:
        mark_events(session, waiting.event_ids, state, done.changes, None)


def is_for_later(error: BaseException) -> bool:
    """Whether Stripe or the database was unavailable, which says nothing about the events themselves.

    A right that the key lacks does not count: it must not delay the objects of other types.
    """
    is_stripe_away = isinstance(error, (KeyRejected, TooManyRequests, StripeUnreachable))
    return is_stripe_away or is_unavailable(error)


def refresh(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, kind: ObjectType, object_id: str
) -> Applied:
    """Bring one object's row up to Stripe's present state. Raises a StripeProblem."""
    done = Applied(Verdict.ASK)
    for _ in range(ROUNDS):
        with transaction() as session:
            asked_at = revision(session, kind, processor_account_id, object_id)
        fetched = gateway.objects.fetch(kind.name, object_id)
        with transaction() as session:
            seen = FetchedSnapshot(fetched.copy, fetched.reading, asked_at)
            done = apply_fetched(session, kind, processor_account_id, object_id, seen)
        if done.verdict is not Verdict.ASK:
            break
    return done


def refresh_all(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, *objects: tuple[ObjectType, str]
) -> None:
    """Bring the rows of several objects up to Stripe's current state, in this order. Raises a StripeProblem."""
    for object_type, object_id in objects:
        refresh(transaction, gateway, processor_account_id, object_type, object_id)


def refresh_subscription(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, subscription_id: str
) -> str | None:
    """Refresh a subscription and then its latest invoice, which shows whether it is paid. Returns the invoice's id.

    Raises a StripeProblem.
    """
    refresh(transaction, gateway, processor_account_id, SUBSCRIPTION, subscription_id)
    with transaction() as session:
        invoice_id = session.scalar(
            select(Subscription.latest_stripe_invoice_id).where(
                Subscription.processor_account_id == processor_account_id,
                Subscription.stripe_subscription_id == subscription_id,
            )
        )
    if invoice_id is not None:
        refresh(transaction, gateway, processor_account_id, INVOICE, invoice_id)
    return invoice_id


def mark_events(
    session: Session, event_ids: tuple[int, ...], state: EventState, changes: JsonObject, error: str | None
) -> None:
    """Store the outcome of the events. The newest of them gets the changes."""
    events = session.scalars(
        select(StripeEvent).where(StripeEvent.id.in_(event_ids)).order_by(StripeEvent.created_at, StripeEvent.id)
    ).all()
    moment = now()
    for event in events:
        if state in DONE and event.state in WAITING:
            record_failed_payment(session, event.processor_account_id, event.type, event.object_id)
        event.state = state
        event.error = error
        event.attempts += 1
        event.attempted_at = moment
        event.next_attempt_at = next_attempt(state, event.attempts, moment)
    if events and changes:
        events[-1].changes = changes


def postpone_unanswered(session: Session, one: Waiting, words: str) -> None:
    """Postpone the events of an object that Stripe did not answer about, longer each time: others come first."""
    for event in session.scalars(select(StripeEvent).where(StripeEvent.id.in_(one.event_ids))):
        event.error = f"Stripe could not be asked: {words}"
        event.attempts += 1
        pause = RETRY_SECONDS[min(event.attempts, len(RETRY_SECONDS)) - 1]
        event.next_attempt_at = now() + min(timedelta(seconds=pause), LONGEST_UNANSWERED)


def postpone_events(session: Session, waiting: list[Waiting], words: str, until: datetime) -> None:
    """Postpone events that Stripe could not be asked about: they keep their state and say why they wait."""
    event_ids = [event_id for one in waiting for event_id in one.event_ids]
    for event in session.scalars(select(StripeEvent).where(StripeEvent.id.in_(event_ids))):
        event.error = f"Stripe could not be asked: {words}"
        event.next_attempt_at = until
