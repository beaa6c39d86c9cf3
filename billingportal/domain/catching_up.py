"""Reads from Stripe what the webhook did not bring, so that the portal can say up to when it is complete.

A pass lists the account's events since the cursor and puts those that the inbox has not seen there, as
pending; settling then asks Stripe about each object. Without a cursor, or when Stripe no longer keeps the
events since then, everything is walked instead. Each page ends in a commit, so a pass goes on where it stopped.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain import held_rows, inbox
from billingportal.domain.absorption import absorb_fetch, is_past
from billingportal.domain.kinds import KIND_OF_EVENT, KINDS, Kind, is_creation
from billingportal.domain.newer_wins import FetchSighting, Verdict
from billingportal.domain.settling import refresh
from billingportal.models import CatchUp, ProcessorAccount, StripeEvent
from billingportal.stripe_gateway.copies import Copy, EventCopy, Reading
from billingportal.stripe_gateway.errors import KeyRejected, NotThere, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.lists import WALKS

# Stripe keeps events for 30 days; one day of margin for a pass that takes long.
EVENTS_KEPT = timedelta(days=29)
# An event may become visible in the list a little after its second has passed.
OVERLAP = timedelta(minutes=2)
LEASE = timedelta(minutes=1)
WITHOUT_WEBHOOK = timedelta(seconds=4)
WITH_WEBHOOK = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(minutes=10)
FIRST_WALK = next(iter(WALKS))


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
                CatchUp.next_run_at <= moment,
            )
            .with_for_update(of=CatchUp, skip_locked=True)
        ).all()
        for row in rows:
            row.next_run_at = moment + LEASE
        return [row.processor_account_id for row in rows]


def run(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> None:
    """One whole pass for one account. Raises a StripeProblem; the next run goes on from the last page."""
    try:
        while not step(transaction, gateway, processor_account_id):
            pass
    except StripeProblem as problem:
        with transaction() as session:
            postpone(of_account(session, processor_account_id), problem)
        raise


def step(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> bool:
    """One page of the pass. True when the pass has come to its end."""
    with transaction() as session:
        row = of_account(session, processor_account_id)
        begin(row, now())
        walk, page_after, cursor_at = row.walk, row.page_after, row.cursor_at
    try:
        if walk is not None:
            return walk_page(transaction, gateway, processor_account_id, walk, page_after)
        return event_page(transaction, gateway, processor_account_id, (cursor_at or now()) - OVERLAP, page_after)
    except NotThere:
        if page_after is None:
            raise
    with transaction() as session:
        start_list_again(of_account(session, processor_account_id), walk, page_after)
    return False


def start_list_again(row: CatchUp, walk: str | None, page_after: str) -> None:
    """What the next page was to follow is gone from Stripe."""
    if is_at(row, walk, page_after):
        row.page_after = None


def of_account(session: Session, processor_account_id: int) -> CatchUp:
    return session.scalars(
        select(CatchUp).where(CatchUp.processor_account_id == processor_account_id).with_for_update()
    ).one()


def begin(row: CatchUp, moment: datetime) -> None:
    """Start a pass, unless one is under way; choose the walk when events alone cannot tell."""
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
        row = of_account(session, processor_account_id)
        if not is_at(row, None, page_after):
            return True
        livemode = session.get_one(ProcessorAccount, processor_account_id).livemode
        for event in unseen(session, processor_account_id, page.events):
            put_into_inbox(session, processor_account_id, event, livemode=livemode)
        row.objects_read += len(page.events)
        if page_after is None:
            remember_present(row, page.reading)
        row.page_after = page.last_id if page.has_more else None
        if row.page_after is None:
            end(row, now(), has_webhook=is_delivered_to(session, processor_account_id))
        return row.page_after is None


def is_at(row: CatchUp, walk: str | None, page_after: str | None) -> bool:
    """Whether the pass still stands where this page was asked for; else another worker has taken it further."""
    return row.pass_started_at is not None and (row.walk, row.page_after) == (walk, page_after)


def unseen(session: Session, processor_account_id: int, events: tuple[EventCopy, ...]) -> list[EventCopy]:
    """The events that concern us and that the inbox does not hold, oldest first."""
    ours = [event for event in reversed(events) if event.type in KIND_OF_EVENT]
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
    """Pending unless it is past, since a listed event may have another shape than ours: its object is asked for."""
    if event.livemode is not livemode or event.object_id is None:
        return
    is_old = is_past(
        session,
        KIND_OF_EVENT[event.type],
        processor_account_id,
        event.object_id,
        event.created_at,
        is_creation=is_creation(event.type),
    )
    inbox.store_listed(session, processor_account_id, event, "stale" if is_old else "pending")


def remember_present(row: CatchUp, reading: Reading) -> None:
    """The first page shows the newest events; once the last page is read, all is complete up to its moment."""
    row.pass_started_at = reading.certain_since


def walk_page(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, walk: str, page_after: str | None
) -> bool:
    page = gateway.page(walk, page_after)
    unsure: list[tuple[Kind, str]] = []
    with transaction() as session:
        row = of_account(session, processor_account_id)
        if not is_at(row, walk, page_after):
            return True
        if walk == FIRST_WALK and page_after is None:
            remember_present(row, page.reading)
        for copy in page.copies:
            unsure += take(session, processor_account_id, copy, page.reading)
        row.objects_read += len(page.copies)
    for kind, object_id in unsure:
        refresh(transaction, gateway, processor_account_id, kind, object_id)
    if not page.has_more:
        look_for_the_gone(transaction, gateway, processor_account_id, walk)
    with transaction() as session:
        row = of_account(session, processor_account_id)
        if not is_at(row, walk, page_after):
            return True
        row.page_after = page.last_id if page.has_more else None
        if row.page_after is None:
            row.walk = walk_after(walk)
        if row.walk is None:
            # What happened during the walk is in the events since its start; they are read right away.
            row.cursor_at = row.pass_started_at
            row.pass_started_at = None
            row.complete_up_to = row.cursor_at
    return False


def walk_after(walk: str) -> str | None:
    names = list(WALKS)
    position = names.index(walk) + 1
    return names[position] if position < len(names) else None


def take(session: Session, processor_account_id: int, copy: Copy, reading: Reading) -> list[tuple[Kind, str]]:
    """Absorb one listed object. Returned when something that came meanwhile makes its place uncertain."""
    kind = kind_of(copy)
    object_id = str(getattr(copy, kind.id_column))
    seen = FetchSighting(copy, reading.as_of, reading.uncertainty_seconds, asked_at_revision=None)
    done = absorb_fetch(session, kind, processor_account_id, object_id, seen)
    return [(kind, object_id)] if done.verdict is Verdict.ASK else []


def kind_of(copy: Copy) -> Kind:
    return next(kind for kind in KINDS.values() if isinstance(copy, kind.copy_type))


def look_for_the_gone(transaction: Transaction, gateway: StripeGateway, processor_account_id: int, walk: str) -> None:
    """Rows that the lists did not show may have been deleted while nobody listened: ask about each."""
    kind = LAST_OF_KIND.get(walk)
    if kind is None:
        return
    with transaction() as session:
        started_at = of_account(session, processor_account_id).pass_started_at or now()
        missing = held_rows.known_only_before(session, kind, processor_account_id, started_at)
    for object_id in missing:
        refresh(transaction, gateway, processor_account_id, kind, object_id)


LAST_OF_KIND: dict[str, Kind] = {
    "archived products": KINDS["product"],
    "meters": KINDS["billing.meter"],
    "archived prices": KINDS["price"],
    "customers": KINDS["customer"],
    "subscriptions": KINDS["subscription"],
    "invoices": KINDS["invoice"],
}


def is_delivered_to(session: Session, processor_account_id: int) -> bool:
    endpoint = session.get_one(ProcessorAccount, processor_account_id).endpoint
    return endpoint is not None and endpoint.state == "registered"


def end(row: CatchUp, moment: datetime, *, has_webhook: bool) -> None:
    row.cursor_at = row.complete_up_to = row.pass_started_at
    row.pass_started_at = None
    row.requested_at = None
    row.problem = None
    row.attempts = 0
    row.next_run_at = moment + (WITH_WEBHOOK if has_webhook else WITHOUT_WEBHOOK)


def postpone(row: CatchUp, problem: StripeProblem) -> None:
    """Try again after a growing pause. A rejected key waits for the check of the account."""
    row.attempts += 1
    row.problem = f"Stripe could not be asked: {problem.message}"
    row.requested_at = None
    pause = min(timedelta(seconds=5) * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
    row.next_run_at = now() + (LONGEST_PAUSE if isinstance(problem, KeyRejected) else pause)


def request(row: CatchUp, moment: datetime) -> None:
    """Have the worker start a pass at once."""
    row.requested_at = moment
    row.next_run_at = moment
