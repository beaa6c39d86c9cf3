"""Has the portal take in what a step did at Stripe, the way it always does, and keeps account of the events.

Through the webhook where Stripe reaches the portal. What does not come in time, or cannot, catch-up reads: the step's
other comparisons then still say what is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.clients import missing_objects
from billingportal.domain.entitlements import evaluation
from billingportal.domain.invoices import payment_attempts
from billingportal.domain.metering import client_meters
from billingportal.domain.rehearsal.stage import Stage
from billingportal.domain.sync import catch_up, reconciliation
from billingportal.domain.sync.inbox import WAITING
from billingportal.domain.sync.object_types import DELIVERED_EVENTS, UPCOMING
from billingportal.models import ClientCustomer, RehearsalClient, RehearsalLife, RehearsalStep, StripeEvent
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.copies import EventCopy

# An event's time has whole seconds, and Stripe's clock and ours may differ a little.
EARLIER = timedelta(seconds=5)
# Catch-up may have read an event before the webhook brought it: that proves nothing about the webhook.
CAUGHT_EARLY = timedelta(seconds=15)


@dataclass(frozen=True)
class Ours:
    """The ids at Stripe by which events of a life are known, and its clients."""

    clock_id: str | None
    customer_ids: frozenset[str]
    client_ids: tuple[int, ...]
    told_before: frozenset[str]

    def has(self, event: EventCopy) -> bool:
        """Whether the event is about the life, and no earlier step gave account of it.

        The announcement of an invoice is about no object that catch-up could read.
        """
        if event.type not in DELIVERED_EVENTS or event.type == UPCOMING or event.stripe_event_id in self.told_before:
            return False
        customer = event.object.get("customer")
        return event.object_id in {self.clock_id, *self.customer_ids} or customer in self.customer_ids


def ours_of(session: Session, life_id: int) -> Ours:
    life = session.get_one(RehearsalLife, life_id)
    client_ids = session.scalars(
        select(RehearsalClient.client_id)
        .where(RehearsalClient.rehearsal_life_id == life_id)
        .order_by(RehearsalClient.id)
    ).all()
    customers = session.scalars(
        select(ClientCustomer.stripe_customer_id).where(ClientCustomer.client_id.in_(client_ids))
    )
    outcomes = session.scalars(select(RehearsalStep.outcome).where(RehearsalStep.rehearsal_life_id == life_id))
    told = frozenset(name for outcome in outcomes for name in ids_in(outcome))
    return Ours(life.stripe_test_clock_id, frozenset(customers), tuple(client_ids), told)


def ids_in(outcome: JsonObject) -> list[str]:
    """The events that a step gave account of."""
    account = outcome.get("events")
    found = account.get("ids") if isinstance(account, dict) else None
    return [str(one) for one in found] if isinstance(found, list) else []


def absorb(stage: Stage, since: datetime, expected: Sequence[str] = ()) -> JsonObject:
    """Take in the events of the life since a time (UTC); `expected` are types that have to be among them.

    Returns the account: how many there were, which the webhook did not bring, which Stripe did not make, and the time.
    Raises Stopped and StripeProblem.
    """
    with stage.transaction() as session:
        ours = ours_of(session, stage.life_id)
    listed: list[EventCopy] = []
    has_come = False
    for _ in stage.pauses(stage.patience.events):
        if not has_come:
            listed = newest_events(stage, ours, since)
            has_come = set(expected) <= {event.type for event in listed} and are_here(stage, listed)
        if has_come and are_settled(stage, listed):
            break
        settle(stage)
    account = account_of(stage, listed, expected)
    if (account["missing"] or account["not_made"]) and stage.road != "catch_up":
        read_events(stage)
    evaluate(stage, ours)
    return account


def newest_events(stage: Stage, ours: Ours, since: datetime) -> list[EventCopy]:
    """The life's events at Stripe, which catch-up has read where the webhook brings none."""
    if stage.road == "catch_up":
        read_events(stage)
    return listed_events(stage, ours, since - EARLIER)


def listed_events(stage: Stage, ours: Ours, since: datetime) -> list[EventCopy]:
    """The life's events at Stripe, newest first."""
    found: list[EventCopy] = []
    after, has_more = None, True
    while has_more:
        page = stage.gateway.objects.events(since, after)
        found += [event for event in page.events if ours.has(event)]
        after, has_more = page.last_id, page.has_more
    return found


def rows_of(session: Session, account_id: int, listed: Sequence[EventCopy]) -> dict[str, StripeEvent]:
    wanted = [event.stripe_event_id for event in listed]
    rows = session.scalars(
        select(StripeEvent).where(
            StripeEvent.processor_account_id == account_id, StripeEvent.stripe_event_id.in_(wanted)
        )
    )
    return {row.stripe_event_id: row for row in rows}


def are_here(stage: Stage, listed: Sequence[EventCopy]) -> bool:
    """Whether every event is in the inbox."""
    with stage.transaction() as session:
        return len(rows_of(session, stage.account_id, listed)) == len(listed)


def are_settled(stage: Stage, listed: Sequence[EventCopy]) -> bool:
    """Whether the rows reflect every event that is in the inbox."""
    with stage.transaction() as session:
        rows = rows_of(session, stage.account_id, listed)
        return not any(row.state in WAITING for row in rows.values())


def read_events(stage: Stage) -> None:
    """Have catch-up read Stripe's events now."""
    catch_up.run_pass(stage.transaction, stage.gateway, stage.account_id)
    settle(stage)


def settle(stage: Stage) -> None:
    """Fetch the objects of the events that wait for it."""
    reconciliation.reconcile_due(stage.transaction, stage.gateway, stage.account_id)


def evaluate(stage: Stage, ours: Ours) -> None:
    """What the worker does afterwards: cards, payments, entitlements and the meters that follow from them."""
    missing_objects.fetch_missing(stage.transaction, stage.gateway, stage.account_id)
    payment_attempts.read_unread(stage.transaction, stage.gateway, stage.account_id)
    for client_id in ours.client_ids:
        with stage.transaction() as session:
            evaluation.evaluate(session, client_id)
        with stage.transaction() as session:
            client_meters.follow(session, client_id)


def account_of(stage: Stage, listed: Sequence[EventCopy], expected: Sequence[str]) -> JsonObject:
    """How the events came. `missing`: not through the webhook, or not even at Stripe."""
    with stage.transaction() as session:
        rows = rows_of(session, stage.account_id, listed)
        seconds = [took(event, row) for event in listed if (row := rows.get(event.stripe_event_id)) and by_webhook(row)]
        missing: list[Json] = [event.type for event in listed if not is_in_order(rows.get(event.stripe_event_id))]
    not_made: list[Json] = [*sorted(set(expected) - {event.type for event in listed})]
    return {
        "ids": [event.stripe_event_id for event in listed],
        "listed": len(listed),
        "by_webhook": len(seconds),
        "missing": missing,
        "not_made": not_made,
        "milliseconds": [*seconds],
        "median": int(median(seconds)) if seconds else None,
        "slowest": max(seconds, default=None),
    }


def by_webhook(row: StripeEvent) -> bool:
    return row.source == "webhook"


def is_in_order(row: StripeEvent | None) -> bool:
    return row is not None and (by_webhook(row) or row.received_at - row.created_at <= CAUGHT_EARLY)


def took(event: EventCopy, row: StripeEvent) -> int:
    """Milliseconds from Stripe's event, which has whole seconds, to its arrival."""
    return max(int((row.received_at - event.created_at).total_seconds() * 1000), 0)
