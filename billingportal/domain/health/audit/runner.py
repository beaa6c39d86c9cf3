"""Does an audit: the lists, the rows that none of them showed, the events since, and what the clients may use.

Each page ends in a commit, so that a killed audit goes on where it was. Stripe's answers are stored as catch-up stores
them, newer wins; so webhooks may come at any time. None of its transactions writes more than a few rows.
"""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.health.audit import aftermath, audits
from billingportal.domain.health.audit.listing import read_page
from billingportal.domain.health.audit.lists import AUDITED, lists_of
from billingportal.domain.health.audit.progress import Place, claim, go_to, leave, locked_audit, place_of
from billingportal.domain.health.audit.seen import Seen
from billingportal.domain.health.audit.unlisted import look_at, unlisted_ids
from billingportal.domain.health.audit.work import Work
from billingportal.domain.sync.object_types import CUSTOMER, KINDS, ObjectType
from billingportal.models import StripeAudit
from billingportal.stripe_gateway.errors import (
    KeyRejected,
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    StripeUnreachable,
    TooManyRequests,
    UnreadableObject,
)
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.listings import Walk

# Answers about one list or one object, which say nothing about the others.
ABOUT_ONE = (NotThere, RightMissing, RequestRefused, UnreadableObject)
# How often a page is asked for again before the audit waits; each time with fewer rows.
TRIES = 4
FEWER = 4


def run(transaction: Transaction, gateway: StripeGateway, audit_id: int) -> bool:
    """Do the audit to its end. False when another process works on it, or it has ended.

    Raises a StripeProblem when Stripe cannot be asked; the audit stays where it is, for the next try.
    """
    with transaction() as session:
        if claim(session, audit_id) is None:
            return False
        work = audits.work_of(session, audit_id)
    try:
        for phase, do in PHASES.items():
            if place(transaction, audit_id).phase == phase:
                do(transaction, gateway, work)
                with transaction() as session:
                    go_to(session, audit_id, place_of(locked_audit(session, audit_id)).next_phase())
    except StripeProblem as problem:
        with transaction() as session:
            leave(session, audit_id, f"Stripe could not be asked: {problem.message}")
        raise
    with transaction() as session:
        audits.end(session, audit_id)
    return True


def place(transaction: Transaction, audit_id: int) -> Place:
    with transaction() as session:
        return place_of(session.get_one(StripeAudit, audit_id, populate_existing=True))


def read_lists(transaction: Transaction, gateway: StripeGateway, work: Work) -> None:
    """Compare every list, and after the last one of a type the rows that none showed."""
    lists = lists_of(work.started_at, work.stripe_customer_id)
    names = list(lists)
    if work.stripe_customer_id is not None:
        look(transaction, gateway, work, CUSTOMER, work.stripe_customer_id)
    at = place(transaction, work.audit_id).list_name
    seen = Seen(is_whole=at is None)
    for position, name in enumerate(names):
        if at is not None and at in lists and position < names.index(at):
            continue
        move(transaction, work, name)
        kind = KINDS[lists[name].kind]
        is_read = read_list(transaction, gateway, work, lists[name], seen)
        is_last = all(lists[other].kind != kind.name for other in names[position + 1 :])
        if is_read and is_last and kind in AUDITED:
            look_at_unlisted(transaction, gateway, work, kind, seen)


def move(transaction: Transaction, work: Work, name: str) -> None:
    """Note that this list is read now. A list that was begun goes on after its last page."""
    with transaction() as session:
        before = place_of(locked_audit(session, work.audit_id))
        if before.list_name != name:
            go_to(session, work.audit_id, replace(before, list_name=name, page_after=None, is_read=False))


def read_list(transaction: Transaction, gateway: StripeGateway, work: Work, walk: Walk, seen: Seen) -> bool:
    """Read one list to its end. False when it cannot be read, which is written down. Raises a StripeProblem."""
    has_more = not place(transaction, work.audit_id).is_read
    while has_more:
        here = place(transaction, work.audit_id)
        try:
            has_more, unsure = read_page(transaction, gateway, work, walk, here, seen)
        except StripeProblem as problem:
            if not is_about_list(problem, here):
                raise
            with transaction() as session:
                if not try_otherwise(session, work, walk, here, problem):
                    return False
            continue
        for object_id in unsure if not work.is_dry_run else []:
            look(transaction, gateway, work, KINDS[walk.kind], object_id, is_counted=True)
    return True


def is_about_list(problem: StripeProblem, here: Place) -> bool:
    """Whether the audit goes on at once: with fewer rows, or with the next list."""
    if isinstance(problem, (KeyRejected, TooManyRequests)):
        return False
    return isinstance(problem, ABOUT_ONE) or (isinstance(problem, StripeUnreachable) and here.tries < TRIES)


def try_otherwise(session: Session, work: Work, walk: Walk, here: Place, problem: StripeProblem) -> bool:
    """Read the list again from its start, or a smaller page. False when the list cannot be read at all."""
    if isinstance(problem, NotThere) and here.page_after is not None:
        # The object that `page_after` names is gone from Stripe.
        go_to(session, work.audit_id, replace(here, page_after=None))
        return True
    if isinstance(problem, StripeUnreachable):
        fewer = replace(here, tries=here.tries + 1, page_size=max(1, here.page_size // FEWER))
        go_to(session, work.audit_id, fewer)
        return True
    words = f"The list of each {KINDS[walk.kind].words} could not be read: {problem.message}"
    audits.note_problem(session, work.audit_id, words)
    return False


def look_at_unlisted(
    transaction: Transaction, gateway: StripeGateway, work: Work, kind: ObjectType, seen: Seen
) -> None:
    with transaction() as session:
        since = place_of(session.get_one(StripeAudit, work.audit_id)).since or work.started_at
        missing = unlisted_ids(session, work, kind, since, seen)
    for object_id in missing:
        look(transaction, gateway, work, kind, object_id)


def look(
    transaction: Transaction,
    gateway: StripeGateway,
    work: Work,
    kind: ObjectType,
    object_id: str,
    *,
    is_counted: bool = False,
) -> None:
    """Fetch one object and compare its row; what cannot be read is written down. Raises a StripeProblem."""
    try:
        look_at(transaction, gateway, work, kind, object_id, is_counted=is_counted)
    except ABOUT_ONE as problem:
        with transaction() as session:
            words = f"The {kind.words} {object_id} could not be read: {problem.message}"
            audits.note_problem(session, work.audit_id, words)
    with transaction() as session:
        go_to(session, work.audit_id, place_of(locked_audit(session, work.audit_id)))


PHASES: dict[str, Callable[[Transaction, StripeGateway, Work], None]] = {
    "lists": read_lists,
    "events": aftermath.replay_events,
    "clients": aftermath.work_out_clients,
}
