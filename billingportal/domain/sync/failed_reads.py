"""Notes objects and lists of Stripe's that could not be read, so that the others are read, and reads them again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common.due_times import is_impossible
from billingportal.domain.sync import inbox
from billingportal.domain.sync.inbox import RETRY_SECONDS, UNABSORBED, describe
from billingportal.domain.sync.object_types import KINDS, ObjectType
from billingportal.domain.sync.reconciliation import is_for_later, refresh
from billingportal.models import FailedRead, ProcessorAccount
from billingportal.models.connection.failed_read import WHOLE_LIST
from billingportal.stripe_gateway.errors import (
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    StripeUnreachable,
    UnreadableObject,
)
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.listings import WALKS

# Stripe's name of the events, the only type here that has no row of its own.
EVENT = "event"
BATCH = 50
# A worker that dies leaves its objects to the others after this long.
LEASE = timedelta(minutes=3)
LONGEST_PAUSE = timedelta(seconds=RETRY_SECONDS[-1])
# The page names this many.
SHOWN = 20


def note_failure(session: Session, account_id: int, object_type: str, object_id: str, reason: str) -> None:
    """Note that an object could not be read, or with WHOLE_LIST all of its type. The pause grows each time."""
    moment = now()
    row = session.scalar(select(FailedRead).where(*named(account_id, object_type, object_id)))
    if row is None:
        row = FailedRead(
            processor_account_id=account_id, object_type=object_type, object_id=object_id, attempts=0, failed_at=moment
        )
        session.add(row)
    row.reason = reason
    row.attempts += 1
    pause = RETRY_SECONDS[min(row.attempts, len(RETRY_SECONDS)) - 1]
    row.next_attempt_at = moment + timedelta(seconds=pause)


def forget_failure(session: Session, account_id: int, object_type: str, object_id: str) -> None:
    """The object, or with WHOLE_LIST the list, has been read now."""
    session.execute(delete(FailedRead).where(*named(account_id, object_type, object_id)))


def named(account_id: int, object_type: str, object_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        FailedRead.processor_account_id == account_id,
        FailedRead.object_type == object_type,
        FailedRead.object_id == object_id,
    )


def read_each(
    transaction: Transaction, gateway: StripeGateway, account_id: int, wanted: Iterable[tuple[ObjectType, str]]
) -> None:
    """Refresh each object's row and note the objects that cannot be read.

    A single object without an answer is noted too. Raises a StripeProblem when Stripe cannot be asked at all.
    """
    before: StripeUnreachable | None = None
    for kind, object_id in wanted:
        problem = read_object(transaction, gateway, account_id, kind, object_id)
        if problem is not None and before is not None:
            raise problem
        before = problem


def read_object(
    transaction: Transaction, gateway: StripeGateway, account_id: int, kind: ObjectType, object_id: str
) -> StripeUnreachable | None:
    """Refresh one object's row, or note why it cannot be read. Returns the problem when there was no answer."""
    try:
        refresh(transaction, gateway, account_id, kind, object_id)
    except UNABSORBED as error:
        is_unanswered = isinstance(error, StripeUnreachable)
        if is_for_later(error) and not is_unanswered:
            raise
        with transaction() as session:
            note_failure(session, account_id, kind.name, object_id, describe_failure(error))
        return error if isinstance(error, StripeUnreachable) else None
    with transaction() as session:
        forget_failure(session, account_id, kind.name, object_id)
    return None


def describe_failure(error: BaseException) -> str:
    return error.message if isinstance(error, StripeProblem) else describe(error)


def noted_ids(session: Session, account_id: int, object_type: str) -> set[str]:
    """The ids of the objects of a type that could not be read, and WHOLE_LIST when their list could not."""
    return set(
        session.scalars(
            select(FailedRead.object_id).where(
                FailedRead.processor_account_id == account_id, FailedRead.object_type == object_type
            )
        )
    )


def is_due_now(moment: datetime) -> ColumnElement[bool]:
    due = FailedRead.next_attempt_at
    return or_(due <= moment, is_impossible(due, moment, LONGEST_PAUSE))


def waiting_accounts(session: Session) -> list[int]:
    """The ids of the connected accounts that have a working key and objects to read again now."""
    due = (
        select(FailedRead.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == FailedRead.processor_account_id)
        .where(
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
            FailedRead.object_id != WHOLE_LIST,
            is_due_now(now()),
        )
    )
    return list(session.scalars(due))


def claim_objects(session: Session, account_id: int) -> list[tuple[str, str]]:
    """The types and ids of a batch of objects to read again now; other workers leave them until the lease ends."""
    moment = now()
    rows = session.scalars(
        select(FailedRead)
        .where(FailedRead.processor_account_id == account_id, FailedRead.object_id != WHOLE_LIST, is_due_now(moment))
        .order_by(FailedRead.next_attempt_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.next_attempt_at = moment + LEASE
    return [(row.object_type, row.object_id) for row in rows]


def first_due_list(session: Session, account_id: int) -> str | None:
    """The first list (see `lists.WALKS`) of a type whose lists are to be read again now."""
    due = session.scalars(
        select(FailedRead.object_type).where(
            FailedRead.processor_account_id == account_id, FailedRead.object_id == WHOLE_LIST, is_due_now(now())
        )
    ).all()
    return next((name for name, walk in WALKS.items() if walk.kind in due), None)


def retry_now(session: Session, account_id: int) -> None:
    """Have the worker read everything again that could not be read."""
    session.execute(
        update(FailedRead).where(FailedRead.processor_account_id == account_id).values(next_attempt_at=now())
    )


def shown_failures(session: Session, account_id: int) -> list[FailedRead]:
    """The first failed reads for the page: whole lists first, then objects by their time."""
    return list(
        session.scalars(
            select(FailedRead)
            .where(FailedRead.processor_account_id == account_id)
            .order_by((FailedRead.object_id != WHOLE_LIST), FailedRead.failed_at, FailedRead.id)
            .limit(SHOWN)
        )
    )


def read_again(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Read objects again that could not be read before, those whose pause is over. Raises a StripeProblem."""
    with transaction() as session:
        claimed = claim_objects(session, account_id)
    for object_type, object_id in claimed:
        if object_type == EVENT:
            read_event_again(transaction, gateway, account_id, object_id)
    wanted = [(KINDS[object_type], object_id) for object_type, object_id in claimed if object_type != EVENT]
    read_each(transaction, gateway, account_id, wanted)


def read_event_again(transaction: Transaction, gateway: StripeGateway, account_id: int, event_id: str) -> None:
    """Put an event into the inbox that could not be read in the list. Stripe keeps it for 30 days only."""
    try:
        event = gateway.objects.event(event_id)
    except (UnreadableObject, RequestRefused, RightMissing) as problem:
        with transaction() as session:
            note_failure(session, account_id, EVENT, event_id, problem.message)
        return
    except NotThere:
        event = None
    with transaction() as session:
        livemode = session.get_one(ProcessorAccount, account_id).livemode
        forget_failure(session, account_id, EVENT, event_id)
        inbox.store_listed(session, account_id, [event] if event else [], livemode=livemode)
