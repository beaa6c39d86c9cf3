"""Reads all objects of an account from Stripe's lists: at first, and when Stripe no longer keeps enough events.

An object that cannot be read is noted by its id, a list that cannot be read by its type, and the reading goes on
with the next one. Both are read again later.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.sync import failed_reads, mirror_rows
from billingportal.domain.sync.apply import apply_fetched
from billingportal.domain.sync.cursor import Place, locked_catch_up
from billingportal.domain.sync.inbox import UNABSORBED
from billingportal.domain.sync.object_types import KINDS, ObjectType
from billingportal.domain.sync.ordering import FetchedSnapshot, Verdict
from billingportal.domain.sync.reconciliation import is_for_later
from billingportal.models import CatchUp, Product
from billingportal.models.connection.failed_read import WHOLE_LIST
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.listings import WALKS
from billingportal.stripe_gateway.objects.copies import Copy
from billingportal.stripe_gateway.objects.readings import Page, Reading

FIRST_WALK = next(iter(WALKS))


def walk_page(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, walk: str, place: Place
) -> bool:
    """Read one page of one list. True when another worker has moved the pass on. Raises a StripeProblem."""
    page = gateway.objects.page(walk, place.page_after, place.page_size)
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if not row.is_at(walk, place.page_after):
            return True
        if place.page_after is None and (walk == FIRST_WALK or not row.is_full_read):
            row.pass_started_at = page.reading.certain_since
        unsure = take_page(session, processor_account_id, WALKS[walk].kind, page)
        row.objects_read += len(page.copies)
    failed_reads.read_each(transaction, gateway, processor_account_id, unsure)
    is_end_of_kind = not page.has_more and list_after(walk, of_same_kind=True) is None
    if is_end_of_kind:
        look_for_the_gone(transaction, gateway, processor_account_id, KINDS[WALKS[walk].kind])
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if not row.is_at(walk, place.page_after):
            return True
        if is_end_of_kind:
            failed_reads.forget_failure(session, processor_account_id, WALKS[walk].kind, WHOLE_LIST)
        go_on(session, row, walk, page)
    return False


def go_on(session: Session, row: CatchUp, walk: str, page: Page) -> None:
    """Go on with the next page, or with the next list."""
    row.note_page(page.reading.elapsed_seconds)
    if not page.has_more:
        row.go_to_list(list_after(walk, of_same_kind=not row.is_full_read))
        return
    row.page_after = page.last_id
    row.list_percent = percent_of(session, row, page)


def leave_list(session: Session, row: CatchUp, walk: str, reason: str) -> None:
    """Note that the lists of this type cannot be read, and go on with the next type."""
    kind = WALKS[walk].kind
    failed_reads.note_failure(session, row.processor_account_id, kind, WHOLE_LIST, reason)
    following = list_after(walk, of_same_kind=False) if row.is_full_read else None
    while following is not None and WALKS[following].kind == kind:
        following = list_after(following, of_same_kind=False)
    row.go_to_list(following)


def list_after(walk: str, *, of_same_kind: bool) -> str | None:
    """The next list, of any type or only of the same type; None after the last one."""
    names = list(WALKS)
    position = names.index(walk) + 1
    if position == len(names) or (of_same_kind and WALKS[names[position]].kind != WALKS[walk].kind):
        return None
    return names[position]


def percent_of(session: Session, row: CatchUp, page: Page) -> int:
    """About how much of the list is read: by the age of its last object, between now and the oldest known product.

    Stripe's lists go from new to old and have no total.
    """
    started_at = row.pass_started_at
    oldest = session.scalar(
        select(func.min(Product.created_at)).where(Product.processor_account_id == row.processor_account_id)
    )
    if started_at is None or oldest is None or oldest >= started_at or not page.copies:
        return row.list_percent
    reached = page.copies[-1].created_at
    return max(0, min(99, (started_at - reached) * 100 // (started_at - oldest)))


def take_page(
    session: Session, processor_account_id: int, object_type: str, page: Page
) -> list[tuple[ObjectType, str]]:
    """Apply a page's objects and note the unreadable ones. Returns those whose order is uncertain.

    An uncertain object that was noted before is left to its next turn.
    """
    noted = failed_reads.noted_ids(session, processor_account_id, object_type)
    for one in page.unreadable:
        failed_reads.note_failure(session, processor_account_id, object_type, one.object_id, one.reason)
    unsure: list[tuple[ObjectType, str]] = []
    for copy in page.copies:
        kind = KINDS[object_type]
        object_id = str(getattr(copy, kind.id_column))
        try:
            with session.begin_nested():
                is_sure = take(session, processor_account_id, kind, copy, page.reading)
        except UNABSORBED as error:
            if is_for_later(error):
                raise
            reason = failed_reads.describe_failure(error)
            failed_reads.note_failure(session, processor_account_id, object_type, object_id, reason)
            continue
        if not is_sure and object_id not in noted:
            unsure.append((kind, object_id))
    return unsure


def take(session: Session, processor_account_id: int, kind: ObjectType, copy: Copy, reading: Reading) -> bool:
    """Apply one listed object. False when a concurrent change makes the order uncertain."""
    object_id = str(getattr(copy, kind.id_column))
    seen = FetchedSnapshot(copy, reading, asked_at_revision=None)
    done = apply_fetched(session, kind, processor_account_id, object_id, seen)
    return done.verdict is not Verdict.ASK


def look_for_the_gone(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, kind: ObjectType
) -> None:
    """Fetch each object that the lists did not show: it may have been deleted while no events were received."""
    with transaction() as session:
        started_at: datetime = locked_catch_up(session, processor_account_id).pass_started_at or now()
        missing = mirror_rows.known_only_before(session, kind, processor_account_id, started_at)
        noted = failed_reads.noted_ids(session, processor_account_id, kind.name)
    wanted = [(kind, object_id) for object_id in missing if object_id not in noted]
    failed_reads.read_each(transaction, gateway, processor_account_id, wanted)
