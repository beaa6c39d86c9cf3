"""Reads events that the webhook did not deliver, so that the portal can say up to when it is complete.

A pass lists the account's events since the cursor and stores those that the inbox does not have, as pending;
reconciliation then fetches each object. Without a cursor, or when Stripe no longer keeps the events since
then, a full read runs instead. Each page ends in a commit, so an interrupted pass continues where it stopped.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common.due_times import is_due
from billingportal.domain.sync import inbox
from billingportal.domain.sync.apply import is_past
from billingportal.domain.sync.cursor import locked_catch_up
from billingportal.domain.sync.full_read import FIRST_WALK, walk_page
from billingportal.domain.sync.object_types import OBJECT_TYPE_OF_EVENT, is_creation
from billingportal.models import CatchUp, ProcessorAccount, StripeEvent
from billingportal.stripe_gateway.errors import KeyRejected, NotThere, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.copies import EventCopy

# Stripe keeps events for 30 days; one day of margin for a pass that takes long.
EVENTS_KEPT = timedelta(days=29)
# An event may become visible in the list a little after its second has passed.
OVERLAP = timedelta(minutes=2)
LEASE = timedelta(minutes=1)
WITHOUT_WEBHOOK = timedelta(seconds=4)
WITH_WEBHOOK = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(minutes=10)


def claim_due(transaction: Transaction) -> list[int]:
    """The connected accounts whose next pass is due, taken for this worker until the lease ends."""
    moment = now()
    with transaction() as session:
        rows = session.scalars(
            select(CatchUp)
            .join(ProcessorAccount, ProcessorAccount.id == CatchUp.processor_account_id)
            .where(
                ProcessorAccount.state == "connected",
                ProcessorAccount.key_state == "working",
                is_due(CatchUp.next_run_at, moment, max(LONGEST_PAUSE, LEASE)),
            )
            .with_for_update(of=CatchUp, skip_locked=True)
        ).all()
        for row in rows:
            row.next_run_at = moment + LEASE
        return [row.processor_account_id for row in rows]


def run_pass(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> None:
    """One complete pass for one account. Raises a StripeProblem; the next run continues after the last page."""
    try:
        while not read_page(transaction, gateway, processor_account_id):
            pass
    except StripeProblem as problem:
        with transaction() as session:
            postpone_pass(locked_catch_up(session, processor_account_id), problem)
        raise


def read_page(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> bool:
    """Read one page of the pass. True when the pass has ended."""
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        begin_pass(row, now())
        walk, page_after, cursor_at = row.walk, row.page_after, row.cursor_at
    try:
        if walk is not None:
            return walk_page(transaction, gateway, processor_account_id, walk, page_after)
        return event_page(transaction, gateway, processor_account_id, (cursor_at or now()) - OVERLAP, page_after)
    except NotThere:
        if page_after is None:
            raise
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if row.is_at(walk, page_after):
            # The object that `page_after` names is gone from Stripe: the list is read again.
            row.page_after = None
    return False


def begin_pass(row: CatchUp, moment: datetime) -> None:
    """Start a pass, unless one is under way; choose a full read when the events alone do not suffice."""
    row.next_run_at = moment + LEASE
    needs_walk = row.cursor_at is None or row.cursor_at < moment - EVENTS_KEPT
    if row.pass_started_at is not None and (row.walk is not None or not needs_walk):
        return
    row.pass_started_at = moment
    row.page_after = None
    row.objects_read = 0
    if needs_walk:
        row.walk = FIRST_WALK
        row.cursor_at = None


def event_page(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, since: datetime, page_after: str | None
) -> bool:
    page = gateway.events(since, page_after)
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if not row.is_at(None, page_after):
            return True
        livemode = session.get_one(ProcessorAccount, processor_account_id).livemode
        for event in unseen(session, processor_account_id, page.events):
            put_into_inbox(session, processor_account_id, event, livemode=livemode)
        row.objects_read += len(page.events)
        if page_after is None:
            # The first page shows the newest events: when the last one is read, all is complete up to here.
            row.pass_started_at = page.reading.certain_since
        row.page_after = page.last_id if page.has_more else None
        if row.page_after is None:
            is_delivered = is_delivered_to(session, processor_account_id)
            row.end(now() + (WITH_WEBHOOK if is_delivered else WITHOUT_WEBHOOK))
        return row.page_after is None


def unseen(session: Session, processor_account_id: int, events: tuple[EventCopy, ...]) -> list[EventCopy]:
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


def put_into_inbox(session: Session, processor_account_id: int, event: EventCopy, *, livemode: bool) -> None:
    """Store as pending unless it is past: a listed event may have another shape than ours, so its object is fetched."""
    if event.livemode is not livemode or event.object_id is None:
        return
    is_old = is_past(
        session,
        OBJECT_TYPE_OF_EVENT[event.type],
        processor_account_id,
        event.object_id,
        event.created_at,
        is_creation=is_creation(event.type),
    )
    inbox.store_listed(session, processor_account_id, event, "stale" if is_old else "pending")


def is_delivered_to(session: Session, processor_account_id: int) -> bool:
    endpoint = session.get_one(ProcessorAccount, processor_account_id).endpoint
    return endpoint is not None and endpoint.state == "registered"


def postpone_pass(row: CatchUp, problem: StripeProblem) -> None:
    """Try again after a growing pause. A rejected key waits for the check of the account."""
    row.attempts += 1
    row.problem = f"Stripe could not be asked: {problem.message}"
    row.requested_at = None
    pause = min(timedelta(seconds=5) * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
    row.next_run_at = now() + (LONGEST_PAUSE if isinstance(problem, KeyRejected) else pause)
