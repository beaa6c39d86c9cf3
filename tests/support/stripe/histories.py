"""Truthful histories of one object at Stripe, for proving that what is held ends as the truth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from billingportal.domain.sync.ordering import EventSnapshot
from billingportal.stripe_gateway.objects.copies import (
    Copy,
    CustomerCopy,
    InvoiceCopy,
    ProductCopy,
    SubscriptionCopy,
    SubscriptionItemCopy,
)

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICKS = 4  # a second has this many moments at which something can happen


@dataclass(frozen=True)
class Happening:
    """One change: when (in ticks), what is true from then on, and the events that tell of it."""

    at: int
    copy: Copy
    is_deleted: bool
    events: tuple[EventSnapshot, ...]


def second(ticks: int) -> datetime:
    """The whole second of a moment, as Stripe writes times."""
    return START + timedelta(seconds=ticks // TICKS)


CUSTOMER = CustomerCopy("cus_1", "a", None, None, 0, False, None, None, False, {}, {}, START)
PRODUCT = ProductCopy("prod_1", "a", None, True, None, None, {}, START)
ITEM = SubscriptionItemCopy("si_1", "price_1", "prod_1", 1, START, START + timedelta(days=30))
SUBSCRIPTION = SubscriptionCopy(
    stripe_subscription_id="sub_1",
    stripe_customer_id="cus_1",
    status="incomplete",
    currency="usd",
    collection_method="charge_automatically",
    cancel_at_period_end=False,
    cancels_at=None,
    canceled_at=None,
    ended_at=None,
    trial_ends_at=None,
    billing_mode="flexible",
    missing_payment_method="create_invoice",
    started_at=START,
    latest_stripe_invoice_id=None,
    default_stripe_payment_method_id=None,
    stripe_schedule_id=None,
    pending_update_expires_at=None,
    cancellation_reason=None,
    is_collection_paused=False,
    collection_pause_behavior=None,
    collection_resumes_at=None,
    has_adjustments=False,
    labels={},
    created_at=START,
    items=(ITEM,),
)
INVOICE = InvoiceCopy(
    stripe_invoice_id="in_1",
    stripe_customer_id="cus_1",
    stripe_subscription_id="sub_1",
    number=None,
    status="draft",
    billing_reason="subscription_create",
    collection_method="charge_automatically",
    currency="usd",
    subtotal_minor=100,
    total_minor=100,
    amount_due_minor=100,
    amount_paid_minor=0,
    amount_remaining_minor=100,
    attempt_count=0,
    next_attempt_at=None,
    due_at=None,
    finalized_at=None,
    paid_at=None,
    voided_at=None,
    automatically_finalizes_at=None,
    period_starts_at=None,
    period_ends_at=None,
    hosted_invoice_url=None,
    invoice_pdf_url=None,
    sold=[],
    purpose=None,
    labels={},
    created_at=START,
)

INVOICE_STEPS = {
    "draft": ("draft", "open"),
    "open": ("open", "uncollectible", "paid", "void"),
    "uncollectible": ("uncollectible", "paid", "void"),
    "paid": ("paid",),
    "void": ("void",),
}
SUBSCRIPTION_STEPS = {
    "incomplete": ("incomplete", "active", "incomplete_expired"),
    "active": ("active", "past_due", "canceled"),
    "past_due": ("active", "past_due", "canceled"),
    "canceled": ("canceled",),
    "incomplete_expired": ("incomplete_expired",),
}


def changed_customer(chance: Random, copy: Copy) -> Copy:
    assert isinstance(copy, CustomerCopy)
    return replace(copy, name=chance.choice("abc"))


def changed_product(chance: Random, copy: Copy) -> Copy:
    assert isinstance(copy, ProductCopy)
    return replace(copy, name=chance.choice("abc"))


def changed_invoice(chance: Random, copy: Copy) -> Copy:
    assert isinstance(copy, InvoiceCopy)
    return replace(copy, status=chance.choice(INVOICE_STEPS[copy.status]), number=chance.choice("ab"))


def changed_subscription(chance: Random, copy: Copy) -> Copy:
    assert isinstance(copy, SubscriptionCopy)
    item = replace(ITEM, quantity=chance.choice((1, 2)))
    return replace(copy, status=chance.choice(SUBSCRIPTION_STEPS[copy.status]), items=(item,))


Change = Callable[[Random, Copy], Copy]
# For each kind: its first state, how it changes, and whether it can be deleted.
LIVES: dict[str, tuple[Copy, Change, bool]] = {
    "customer": (CUSTOMER, changed_customer, True),
    "product": (PRODUCT, changed_product, True),
    "invoice": (INVOICE, changed_invoice, True),
    "subscription": (SUBSCRIPTION, changed_subscription, False),
}


def history(chance: Random, kind: str, length: int) -> list[Happening]:
    """A life of one object. Changes share seconds, states recur, some events tell no past, some come as twins."""
    copy, change, is_deletable = LIVES[kind]
    at = chance.randrange(TICKS)
    found = [told(at, copy, EventSnapshot(copy, second(at), is_creation=True), chance)]
    while len(found) < length:
        at += chance.choice((0, 0, 1, 1, 2, 3, 5, 9))
        last = found[-1]
        if last.is_deleted:
            if kind != "product":
                break
            found.append(told(at, copy, EventSnapshot(copy, second(at), is_creation=True), chance))
        elif is_deletable and chance.random() < 0.1:
            deletion = EventSnapshot(last.copy, second(at), is_deletion=True)
            found.append(replace(told(at, last.copy, deletion, chance), is_deleted=True))
        else:
            new = change(chance, last.copy)
            before = last.copy if chance.random() < 0.7 else None
            found.append(told(at, new, EventSnapshot(new, second(at), before), chance))
    return found


def told(at: int, copy: Copy, event: EventSnapshot, chance: Random) -> Happening:
    """A change told by its event, at times also by a twin, or by a second event that names no past."""
    events = [event]
    if chance.random() < 0.15:
        events.append(event)
    if not event.is_deletion and chance.random() < 0.3:
        events.append(EventSnapshot(copy, event.created_at))
    return Happening(at, copy, False, tuple(events))
