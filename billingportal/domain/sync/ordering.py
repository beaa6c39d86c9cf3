"""Decides which of two snapshots of the same object is newer. Pure: no clock, no database, no Stripe.

Events arrive in any order, more than once, and several of one object share a second. Certain cases
are decided here; uncertain ones get `Verdict.ASK`, and the object is fetched from Stripe.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from billingportal.stripe_gateway.objects.copies import Copy, InvoiceCopy, ProductCopy, SubscriptionCopy
from billingportal.stripe_gateway.objects.readings import Reading

# A state never goes back to one of a lower rank: a paid invoice was open, a canceled subscription was active.
INVOICE_RANKS = {"draft": 0, "open": 1, "uncollectible": 2, "paid": 3, "void": 3}
SUBSCRIPTION_RANKS = {"incomplete": 0, "canceled": 2, "incomplete_expired": 2}
LIVE_RANK = 1
DELETED = 9


class Verdict(Enum):
    """How to treat a snapshot. CONFIRM: it equals the stored state. ASK: fetch the object from Stripe."""

    ABSORB = "absorb"
    CONFIRM = "confirm"
    STALE = "stale"
    ASK = "ask"


@dataclass(frozen=True)
class StoredState:
    """The stored state of an object and how exactly its time is known (see models.stripe_objects.stripe_row).

    Every event of the present second is a step from one state to another. As long as each of them is
    applied as a step from the stored state, or leads to the stored state, the end is the truth whatever
    the order of the steps: only the last state is entered once more than it is left. `is_chained` says that
    the start of those steps is known.
    """

    copy: Copy
    is_deleted: bool
    as_of: datetime
    uncertainty_seconds: int
    is_chained: bool
    has_settled_tie: bool
    revision: int

    @property
    def certain_since(self) -> datetime:
        return self.as_of - timedelta(seconds=self.uncertainty_seconds)


@dataclass(frozen=True)
class EventSnapshot:
    """The object's state after an event. `before` is its state until then, where the payload can rebuild it.

    An `is_creation` event proves that nothing came before it.
    """

    copy: Copy
    created_at: datetime
    before: Copy | None = None
    is_creation: bool = False
    is_deletion: bool = False


@dataclass(frozen=True)
class FetchedSnapshot:
    """Stripe's answer; `copy` is None when the object is gone. `asked_at_revision`: the row's revision before it."""

    copy: Copy | None
    reading: Reading
    asked_at_revision: int | None


def judge_event(held: StoredState | None, seen: EventSnapshot) -> Verdict:
    """Compare an event with the stored state. Only proof counts; every doubt is ASK."""
    if held is None or seen.created_at > held.as_of:
        return Verdict.ABSORB
    if seen.created_at < held.certain_since:
        return judge_older(held)
    return judge_tie(held, seen)


def judge_older(held: StoredState) -> Verdict:
    """An older snapshot that comes late shows that a tie was decided without knowing all of the past."""
    return Verdict.ASK if held.has_settled_tie else Verdict.STALE


def judge_tie(held: StoredState, seen: EventSnapshot) -> Verdict:
    """Both may be of the same second: the rank of the state decides, or the event's `before`."""
    mine, theirs = rank(held.copy, held.is_deleted), rank(seen.copy, seen.is_deletion)
    if theirs != mine:
        return Verdict.ABSORB if theirs > mine else Verdict.STALE
    if seen.copy == held.copy and seen.is_deletion == held.is_deleted:
        return Verdict.CONFIRM
    if seen.is_creation and not can_be_made_again(seen.copy):
        return Verdict.STALE
    return Verdict.ABSORB if held.is_chained and seen.before == held.copy else Verdict.ASK


def is_past(held: StoredState, created_at: datetime, *, is_creation: bool) -> bool:
    """Whether an event is certainly older, judged by its time alone. A creation comes before anything else."""
    if held.has_settled_tie:
        return False
    return created_at < held.certain_since or (is_creation and not can_be_made_again(held.copy))


def judge_fetch(held: StoredState | None, seen: FetchedSnapshot) -> Verdict:
    """Compare Stripe's answer with the stored state: it is current, unless another snapshot came during the request."""
    if held is None or held.revision == seen.asked_at_revision:
        return Verdict.ABSORB
    if held.as_of < seen.reading.certain_since:
        return Verdict.ABSORB
    return judge_older(held) if held.certain_since > seen.reading.as_of else Verdict.ASK


def rank(copy: Copy, is_deleted: bool) -> int:
    """How far along its life an object is. Equal ranks say nothing about the order."""
    if can_be_made_again(copy):
        return 0
    if is_deleted:
        return DELETED
    if isinstance(copy, InvoiceCopy):
        return INVOICE_RANKS.get(copy.status, 0)
    if isinstance(copy, SubscriptionCopy):
        return SUBSCRIPTION_RANKS.get(copy.status, LIVE_RANK)
    return 0


def can_be_made_again(copy: Copy) -> bool:
    """Whether the id may come back after a deletion: people may choose a product's id."""
    return isinstance(copy, ProductCopy)


def after_event(held: StoredState | None, seen: EventSnapshot) -> StoredState:
    """The stored state after the event is applied."""
    is_entry = is_entry_into_rank(seen)
    if held is None:
        return StoredState(seen.copy, seen.is_deletion, seen.created_at, 0, seen.is_creation or is_entry, False, 1)
    is_tie = seen.created_at <= held.as_of
    is_equal_rank = rank(seen.copy, seen.is_deletion) == rank(held.copy, held.is_deleted)
    follows = seen.before == held.copy and not held.is_deleted
    return StoredState(
        copy=seen.copy,
        is_deleted=seen.is_deletion,
        as_of=max(held.as_of, seen.created_at),
        uncertainty_seconds=held.uncertainty_seconds if is_tie else 0,
        # One tie in a second may be decided by the event's `before`. A second one might
        # be a duplicate of the first, which Stripe sends at times with an id of its own.
        is_chained=is_entry or (follows and not is_tie),
        has_settled_tie=is_tie and is_equal_rank,
        revision=held.revision + 1,
    )


def is_entry_into_rank(seen: EventSnapshot) -> bool:
    """Whether the event enters its rank: all else of the rank came later, since a rank is entered once."""
    return seen.before is not None and rank(seen.before, False) < rank(seen.copy, seen.is_deletion)


def after_confirmation(held: StoredState, seen: EventSnapshot) -> StoredState:
    """After an equal snapshot: the state may have been left and entered again, unless the event changed nothing."""
    return replace(held, is_chained=held.is_chained and seen.before == seen.copy, revision=held.revision + 1)


def after_stale(held: StoredState) -> StoredState:
    """After an older snapshot came late: the chain did not start where it seemed to."""
    return replace(held, is_chained=False)


def after_fetch(held: StoredState | None, seen: FetchedSnapshot) -> StoredState | None:
    """The stored state after Stripe's answer is applied. An object that is gone keeps its last known copy."""
    reading = seen.reading
    if held is None:
        if seen.copy is None:
            return None
        return StoredState(seen.copy, False, reading.as_of, reading.uncertainty_seconds, False, False, 1)
    as_of = max(held.as_of, reading.as_of)
    certain_since = min(reading.certain_since, as_of)
    return StoredState(
        copy=seen.copy or held.copy,
        is_deleted=seen.copy is None,
        as_of=as_of,
        uncertainty_seconds=int((as_of - certain_since).total_seconds()),
        is_chained=False,
        has_settled_tie=False,
        revision=held.revision + 1,
    )
