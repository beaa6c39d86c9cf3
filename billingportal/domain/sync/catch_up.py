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
from billingportal.domain.sync import failed_reads, inbox
from billingportal.domain.sync.cursor import Place, locked_catch_up
from billingportal.domain.sync.full_read import FIRST_WALK, leave_list, walk_page
from billingportal.models import CatchUp, ProcessorAccount
from billingportal.stripe_gateway.errors import (
    KeyRejected,
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    StripeUnreachable,
    UnreadableObject,
)
from billingportal.stripe_gateway.gateway import StripeGateway

# Stripe keeps events for 30 days; one day of margin for a pass that takes long.
EVENTS_KEPT = timedelta(days=29)
# An event may become visible in the list a little after its second has passed.
OVERLAP = timedelta(minutes=2)
LEASE = timedelta(minutes=1)
WITHOUT_WEBHOOK = timedelta(seconds=4)
WITH_WEBHOOK = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(minutes=10)
# Answers that say that a list cannot be read, and nothing about the other lists.
LIST_FAILURES = (NotThere, RightMissing, RequestRefused, UnreadableObject)
# After so many passes that ended at the same list without an answer, the next list is read.
TRIES = 2


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
        begin_pass(session, row, now())
        walk, place, cursor_at = row.walk, Place(row.page_after, row.page_size), row.cursor_at
    try:
        if walk is not None:
            return walk_page(transaction, gateway, processor_account_id, walk, place)
        return event_page(transaction, gateway, processor_account_id, (cursor_at or now()) - OVERLAP, place)
    except StripeProblem as problem:
        is_list_at_fault = is_at_fault(gateway, problem, place)
        with transaction() as session:
            row = locked_catch_up(session, processor_account_id)
            if row.is_at(walk, place.page_after) and not has_way_on(session, row, problem, is_list_at_fault):
                raise
    return False


def is_at_fault(gateway: StripeGateway, problem: StripeProblem, place: Place) -> bool:
    """Whether the list itself cannot be read, whatever the size of its pages, while Stripe answers otherwise."""
    if isinstance(problem, StripeUnreachable):
        return place.page_size == 1 and answers(gateway)
    return isinstance(problem, LIST_FAILURES)


def answers(gateway: StripeGateway) -> bool:
    try:
        gateway.probe()
    except StripeProblem:
        return False
    return True


def has_way_on(session: Session, row: CatchUp, problem: StripeProblem, is_list_at_fault: bool) -> bool:
    """After a page that could not be read: read the list again, or a smaller page, or go on with the next list.

    False when the pass has to wait.
    """
    if isinstance(problem, NotThere) and row.page_after is not None:
        # The object that `page_after` names is gone from Stripe.
        row.page_after = None
        return True
    if isinstance(problem, (StripeUnreachable, UnreadableObject)) and row.shrink_page():
        return True
    if row.walk is None or not is_list_at_fault:
        return False
    if isinstance(problem, StripeUnreachable) and row.attempts < TRIES:
        return False
    leave_list(session, row, row.walk, problem.message)
    return True


def begin_pass(session: Session, row: CatchUp, moment: datetime) -> None:
    """Start a pass, unless one is under way. Read all lists when the events alone do not suffice.

    Otherwise a list that could not be read before is read first.
    """
    row.next_run_at = moment + LEASE
    needs_walk = row.cursor_at is None or row.cursor_at < moment - EVENTS_KEPT
    if row.pass_started_at is not None and (row.walk is not None or not needs_walk):
        return
    row.pass_started_at = moment
    row.page_after = None
    row.objects_read = 0
    if needs_walk:
        row.cursor_at = None
    row.walk = FIRST_WALK if needs_walk else failed_reads.first_due_list(session, row.processor_account_id)


def event_page(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, since: datetime, place: Place
) -> bool:
    page_after = place.page_after
    page = gateway.objects.events(since, page_after, place.page_size)
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if not row.is_at(None, page_after):
            return True
        for one in page.unreadable:
            failed_reads.note_failure(session, processor_account_id, failed_reads.EVENT, one.object_id, one.reason)
        row.note_page(page.reading.elapsed_seconds)
        livemode = session.get_one(ProcessorAccount, processor_account_id).livemode
        inbox.store_listed(session, processor_account_id, page.events, livemode=livemode)
        row.objects_read += len(page.events)
        if page_after is None:
            # The first page shows the newest events: when the last one is read, all is complete up to here.
            row.pass_started_at = page.reading.certain_since
        row.page_after = page.last_id if page.has_more else None
        if row.page_after is None:
            is_delivered = is_delivered_to(session, processor_account_id)
            row.end(now() + (WITH_WEBHOOK if is_delivered else WITHOUT_WEBHOOK))
        return row.page_after is None


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
