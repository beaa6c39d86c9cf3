"""Searches the event inbox and replays its events."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, defer

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.sync.object_types import OBJECT_TYPE_OF_EVENT
from billingportal.domain.sync.reconciliation import Waiting, reconcile
from billingportal.models import StripeEvent
from billingportal.models.connection.stripe_event import EventState
from billingportal.stripe_gateway.gateway import StripeGateway

PAGE_SIZE = 25


@dataclass(frozen=True)
class Filter:
    """Which events to show. `words` is an event id, an object id or an event type, as typed."""

    words: str = ""
    type: str = ""
    state: EventState | None = None


@dataclass(frozen=True)
class EventsPage:
    """One page of events, newest first. The ids are cursors of the pages beside it, None where there is none."""

    events: Sequence[StripeEvent]
    newer_than: int | None
    older_than: int | None


def search_events(
    session: Session, processor_account_id: int, wanted: Filter, *, before: int | None, after: int | None
) -> EventsPage:
    """One page of the inbox: the events before an id, after an id, or the newest."""
    query = matching(processor_account_id, wanted).options(defer(StripeEvent.payload), defer(StripeEvent.changes))
    if after is not None:
        upward = query.where(StripeEvent.id > after).order_by(StripeEvent.id).limit(PAGE_SIZE + 1)
        found = list(session.scalars(upward))
        shown = list(reversed(found[:PAGE_SIZE]))
        return EventsPage(shown, first_id(shown) if len(found) > PAGE_SIZE else None, last_id(shown))
    downward = query if before is None else query.where(StripeEvent.id < before)
    found = list(session.scalars(downward.order_by(StripeEvent.id.desc()).limit(PAGE_SIZE + 1)))
    shown = found[:PAGE_SIZE]
    older = last_id(shown) if len(found) > PAGE_SIZE else None
    return EventsPage(shown, None if before is None else first_id(shown) or before - 1, older)


def matching(processor_account_id: int, wanted: Filter) -> Select[StripeEvent]:
    query = select(StripeEvent).where(StripeEvent.processor_account_id == processor_account_id)
    words = wanted.words.strip()
    if words.startswith("evt_"):
        query = query.where(StripeEvent.stripe_event_id == words)
    elif "." in words:
        query = query.where(StripeEvent.type == words)
    elif words:
        query = query.where(StripeEvent.object_id == words)
    if wanted.type:
        query = query.where(StripeEvent.type == wanted.type)
    if wanted.state is not None:
        query = query.where(StripeEvent.state == wanted.state)
    return query


def first_id(events: Sequence[StripeEvent]) -> int | None:
    return events[0].id if events else None


def last_id(events: Sequence[StripeEvent]) -> int | None:
    return events[-1].id if events else None


def count_failed(session: Session, processor_account_id: int) -> int:
    """The number of failed events. Only these are read, and they are few."""
    return (
        session.scalar(
            select(func.count()).where(
                StripeEvent.processor_account_id == processor_account_id, StripeEvent.state == "failed"
            )
        )
        or 0
    )


def find_event(session: Session, processor_account_id: int, event_id: int) -> StripeEvent | None:
    """The event of this account, or None; another account's event is not found."""
    event = session.get(StripeEvent, event_id)
    return event if event is not None and event.processor_account_id == processor_account_id else None


def can_replay(event: StripeEvent) -> bool:
    """Whether fetching the event's object from Stripe could change its row."""
    return event.type in OBJECT_TYPE_OF_EVENT and event.object_id is not None and event.state != "refused"


def replay_event(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, event: StripeEvent
) -> None:
    """Fetch the event's object from Stripe and apply it. Raises a StripeProblem."""
    waiting = Waiting(OBJECT_TYPE_OF_EVENT[event.type], event.object_id or "", (event.id,))
    reconcile(transaction, gateway, processor_account_id, waiting)


def replay_failed(session: Session, processor_account_id: int) -> int:
    """Have the worker retry all failed events now. Returns how many."""
    failed = update(StripeEvent).where(
        StripeEvent.processor_account_id == processor_account_id, StripeEvent.state == "failed"
    )
    changed = session.execute(failed.values(next_attempt_at=now()).returning(StripeEvent.id))
    return len(changed.all())
