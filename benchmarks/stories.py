"""A stream of events like that of an account with some hundred clients, the same at every run.

Each client is a story: it signs up, subscribes, pays, changes its quantity, renews; some cannot pay, some cancel.
As at Stripe, related events share a second, and the order of delivery is not the order of events.
"""

import copy
from collections.abc import Iterator
from typing import cast

from benchmarks.author import Author, Event
from billingportal.plain_json import JsonObject

FIRST_SECOND = 1_790_000_000
MONTH = 30 * 24 * 3600
# Seconds between the first events of two clients, and between two chapters of a story: many stories overlap.
PACE = 7
CHAPTER = 300
MONTHS = 3


def stream(seed: str, count: int) -> list[Event]:
    """`count` events in the order of their delivery."""
    author = Author(seed)
    events: list[Event] = []
    second = FIRST_SECOND
    while len(events) < count:
        events += story(author, second)
        second += PACE
    events.sort(key=lambda event: event.due)
    return events[:count]


def story(author: Author, start: int) -> Iterator[Event]:
    if author.random.random() < 0.1:
        yield from product(author, start)
    customer = author.new("customer", "cus", created=start, currency=None)
    yield author.event("customer.created", start, customer)
    yield author.change("customer.updated", start, customer, email=f"{author.id_of('client')}@client.example")
    start += CHAPTER
    subscription = subscribe(author, start, customer)
    yield author.event("customer.subscription.created", start, subscription)
    yield from payment(author, start, subscription, "subscription_create")
    yield author.change("customer.subscription.updated", start, subscription, status="active")
    yield author.change("customer.updated", start + 1, customer, currency="usd")
    start += CHAPTER
    yield quantity(author, start, subscription, 2)
    for _ in range(MONTHS):
        start += CHAPTER
        yield renewal(author, start, subscription)
        yield from payment(author, start, subscription, "subscription_cycle")
    if author.random.random() < 0.3:
        gone = {"status": "canceled", "canceled_at": start + CHAPTER, "ended_at": start + CHAPTER}
        yield author.event("customer.subscription.deleted", start + CHAPTER, subscription | cast(JsonObject, gone))


def product(author: Author, second: int) -> Iterator[Event]:
    new = author.new("product", "prod", created=second, updated=second)
    yield author.event("product.created", second, new)
    yield author.change("product.updated", second + CHAPTER, new, name="Growth Plus", updated=second + CHAPTER)


def subscribe(author: Author, second: int, customer: JsonObject) -> JsonObject:
    new = author.new("subscription", "sub", created=second, start_date=second, customer=customer["id"])
    new |= {"status": "incomplete", "billing_cycle_anchor": second, "latest_invoice": author.id_of("in")}
    item = first_item(new)
    item |= {"id": author.id_of("si"), "subscription": new["id"], "created": second}
    item |= {"current_period_start": second, "current_period_end": second + MONTH}
    return new


def first_item(subscription: JsonObject) -> JsonObject:
    items = cast(JsonObject, subscription["items"])
    return cast(list[JsonObject], items["data"])[0]


def quantity(author: Author, second: int, subscription: JsonObject, wanted: int) -> Event:
    items = copy.deepcopy(subscription["items"])
    first_item({"items": items})["quantity"] = wanted
    return author.change("customer.subscription.updated", second, subscription, items=items)


def renewal(author: Author, second: int, subscription: JsonObject) -> Event:
    items = copy.deepcopy(subscription["items"])
    item = first_item({"items": items})
    item |= {"current_period_start": second, "current_period_end": second + MONTH}
    fields = {"items": items, "latest_invoice": author.id_of("in")}
    return author.change("customer.subscription.updated", second, subscription, **fields)


def payment(author: Author, second: int, subscription: JsonObject, reason: str) -> Iterator[Event]:
    """Events of an invoice that becomes open and, in the same second or after a failed card, paid."""
    invoice = author.new("invoice", "in", created=second, customer=subscription["customer"], billing_reason=reason)
    invoice["parent"] = {
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": subscription["id"]},
        "type": "subscription_details",
    }
    moments: JsonObject = {"finalized_at": second, "marked_uncollectible_at": None, "voided_at": None}
    invoice |= {"status": "open", "number": author.id_of("NW"), "status_transitions": moments | {"paid_at": None}}
    yield author.event("invoice.finalized", second, invoice)
    if author.random.random() < 0.1:
        tried = {"attempted": True, "attempt_count": 1, "next_payment_attempt": second + CHAPTER}
        yield author.event("invoice.payment_failed", second, invoice | cast(JsonObject, tried))
        second += CHAPTER
    paid = {"status": "paid", "attempted": True, "attempt_count": 1, "amount_paid": 4900, "amount_remaining": 0}
    moments = moments | {"paid_at": second}
    yield author.event("invoice.paid", second, invoice | cast(JsonObject, paid | {"status_transitions": moments}))
