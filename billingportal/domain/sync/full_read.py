"""Reads all objects of an account from Stripe's lists: at first, and when Stripe no longer keeps enough events."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.sync import mirror_rows
from billingportal.domain.sync.apply import apply_fetched
from billingportal.domain.sync.cursor import locked_catch_up
from billingportal.domain.sync.object_types import KINDS, ObjectType
from billingportal.domain.sync.ordering import FetchedSnapshot, Verdict
from billingportal.domain.sync.reconciliation import refresh
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.copies import Copy, Reading
from billingportal.stripe_gateway.requests.lists import WALKS

FIRST_WALK = next(iter(WALKS))
# The list after which every object of a type has been read.
LAST_OF_KIND: dict[str, ObjectType] = {
    "archived products": KINDS["product"],
    "meters": KINDS["billing.meter"],
    "archived prices": KINDS["price"],
    "customers": KINDS["customer"],
    "subscriptions": KINDS["subscription"],
    "invoices": KINDS["invoice"],
    "invoice payments": KINDS["invoice_payment"],
    "subscription schedules": KINDS["subscription_schedule"],
    "refunds": KINDS["refund"],
    "disputes": KINDS["dispute"],
}


def walk_page(
    transaction: Transaction, gateway: StripeGateway, processor_account_id: int, walk: str, page_after: str | None
) -> bool:
    """Read one page of one list. True when another worker has moved the pass on."""
    page = gateway.page(walk, page_after)
    unsure: list[tuple[ObjectType, str]] = []
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if not row.is_at(walk, page_after):
            return True
        if walk == FIRST_WALK and page_after is None:
            row.pass_started_at = page.reading.certain_since
        for copy in page.copies:
            unsure += take(session, processor_account_id, copy, page.reading)
        row.objects_read += len(page.copies)
    for kind, object_id in unsure:
        refresh(transaction, gateway, processor_account_id, kind, object_id)
    if not page.has_more:
        look_for_the_gone(transaction, gateway, processor_account_id, walk)
    with transaction() as session:
        row = locked_catch_up(session, processor_account_id)
        if not row.is_at(walk, page_after):
            return True
        row.page_after = page.last_id if page.has_more else None
        if row.page_after is None:
            row.walk = walk_after(walk)
        if row.walk is None:
            row.end_walk()
    return False


def walk_after(walk: str) -> str | None:
    names = list(WALKS)
    position = names.index(walk) + 1
    return names[position] if position < len(names) else None


def take(session: Session, processor_account_id: int, copy: Copy, reading: Reading) -> list[tuple[ObjectType, str]]:
    """Apply one listed object. Returns its type and id when a concurrent change makes the order uncertain."""
    kind = kind_of(copy)
    object_id = str(getattr(copy, kind.id_column))
    seen = FetchedSnapshot(copy, reading.as_of, reading.uncertainty_seconds, asked_at_revision=None)
    done = apply_fetched(session, kind, processor_account_id, object_id, seen)
    return [(kind, object_id)] if done.verdict is Verdict.ASK else []


def kind_of(copy: Copy) -> ObjectType:
    return next(kind for kind in KINDS.values() if isinstance(copy, kind.copy_type))


def look_for_the_gone(transaction: Transaction, gateway: StripeGateway, processor_account_id: int, walk: str) -> None:
    """Fetch each object that the lists did not show: it may have been deleted while no events were received."""
    kind = LAST_OF_KIND.get(walk)
    if kind is None:
        return
    with transaction() as session:
        started_at = locked_catch_up(session, processor_account_id).pass_started_at or now()
        missing = mirror_rows.known_only_before(session, kind, processor_account_id, started_at)
    for object_id in missing:
        refresh(transaction, gateway, processor_account_id, kind, object_id)
