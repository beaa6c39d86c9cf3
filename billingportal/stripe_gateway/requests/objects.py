"""Reads objects from Stripe: one by its id, or all of a type page by page."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import stripe

from billingportal.plain_json import Json, JsonObject, is_deep
from billingportal.stripe_gateway.errors import (
    KeyRejected,
    NotThere,
    StripeProblem,
    StripeUnreachable,
    TooManyRequests,
    UnreadableObject,
)
from billingportal.stripe_gateway.listings import PRICE_PARTS, WALKS, Walk
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.copies import Copy, EventCopy
from billingportal.stripe_gateway.objects.fields import part, short_text, text
from billingportal.stripe_gateway.objects.invoice_lines import listed_lines
from billingportal.stripe_gateway.objects.readings import EventPage, Fetched, Page, Unreadable
from billingportal.stripe_gateway.requests.calls import (
    PAGE_SIZE,
    ask,
    ask_all,
    ask_list,
    page_params,
    read_list,
)

Client = stripe.StripeClient
Fetch = Callable[[Client, str], stripe.StripeObject]
T = TypeVar("T", Copy, EventCopy)


FETCHES: dict[str, Fetch] = {
    "product": lambda client, id_: client.v1.products.retrieve(id_),
    "price": lambda client, id_: client.v1.prices.retrieve(id_, params={"expand": PRICE_PARTS}),
    "billing.meter": lambda client, id_: client.v1.billing.meters.retrieve(id_),
    "customer": lambda client, id_: client.v1.customers.retrieve(id_),
    "subscription": lambda client, id_: client.v1.subscriptions.retrieve(id_),
    "invoice": lambda client, id_: client.v1.invoices.retrieve(id_),
    "invoice_payment": lambda client, id_: client.v1.invoice_payments.retrieve(id_),
    "payment_method": lambda client, id_: client.v1.payment_methods.retrieve(id_),
    "refund": lambda client, id_: client.v1.refunds.retrieve(id_),
    "dispute": lambda client, id_: client.v1.disputes.retrieve(id_),
    "checkout.session": lambda client, id_: client.v1.checkout.sessions.retrieve(id_),
    "subscription_schedule": lambda client, id_: client.v1.subscription_schedules.retrieve(id_),
    "test_helpers.test_clock": lambda client, id_: client.v1.test_helpers.test_clocks.retrieve(id_),
}


class Objects:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def fetch(self, kind: str, object_id: str) -> Fetched:
        """The present state of one object, with its tiers and all its items; its copy is None when it was deleted."""
        started = time.monotonic()
        try:
            source, reading = ask(lambda: FETCHES[kind](self._client, object_id))
        except NotThere:
            # The SDK keeps no headers of an error, so another call reads Stripe's clock; the elapsed time is uncertain.
            _, reading = ask(self._client.v1.balance.retrieve)
            elapsed = math.ceil(time.monotonic() - started)
            return Fetched(None, replace(reading, uncertainty_seconds=reading.uncertainty_seconds + elapsed))
        refuse_other(source, kind, object_id)
        if source.get("deleted"):
            return Fetched(None, reading)
        complete(self._client, source)
        return Fetched(parsing.copy_of(source), reading)

    def page(self, walk: str, starting_after: str | None, size: int = PAGE_SIZE) -> Page:
        """One page of at most `size` objects of a listing (see `WALKS`), those that it could not read by id."""
        return self.page_of(WALKS[walk], starting_after, size)

    def page_of(self, walk: Walk, starting_after: str | None, size: int = PAGE_SIZE) -> Page:
        """One page of any listing, as `page`."""
        source, reading = ask_list(self._client, walk.path, page_params(walk.filters, starting_after, size))
        rows, last_id, has_more = read_list(source, starting_after)
        copies, unreadable = read_rows(rows, self._complete_copy, is_alone=size == 1)
        lines = listed_lines(rows) if walk.has_lines else {}
        return Page(copies, unreadable, last_id, has_more, reading, lines)

    def _complete_copy(self, row: JsonObject) -> Copy:
        complete(self._client, row)
        return parsing.copy_of(row)

    def events(self, since: datetime, starting_after: str | None, size: int = PAGE_SIZE) -> EventPage:
        """One page of the account's events at or after `since`, newest first.

        Their payloads follow the account's default version, so only type and object id may be used.
        """
        params = page_params({"created": {"gte": int(since.timestamp())}}, starting_after, size)
        source, reading = ask_list(self._client, "/v1/events", params)
        rows, last_id, has_more = read_list(source, starting_after)
        found, unreadable = read_rows(rows, parsing.event, is_alone=False)
        return EventPage(found, unreadable, last_id, has_more, reading)

    def event(self, event_id: str) -> EventCopy:
        """One event, as `events` lists it."""
        source, _ = ask(lambda: self._client.v1.events.retrieve(event_id))
        refuse_other(source, "event", event_id)
        return parsing.event(source)


def refuse_other(source: JsonObject, kind: str, object_id: str) -> None:
    """Raises UnreadableObject unless the answer is the requested object: a faulty proxy may return another."""
    if source.get("object") != kind or source.get("id") != object_id:
        raise UnreadableObject(f"it is not the {kind} {object_id}")


def complete(client: Client, source: JsonObject) -> None:
    """Read the items or tiers that an answer leaves out of the object. Raises a StripeProblem."""
    if source.get("object") == "subscription":
        read_all_items(client, source)
    elif source.get("billing_scheme") == "tiered":
        read_all_tiers(client, source)


def read_all_items(client: Client, source: JsonObject) -> None:
    """Read all items of a subscription: its answer has the first page of them only."""
    items = part(source, "items")
    if not items.get("has_more"):
        return
    filters: JsonObject = {"subscription": text(source, "id")}
    found: list[Json] = [*ask_all(client.v1.subscription_items.list, filters)]
    items |= {"data": found, "has_more": False}


def read_all_tiers(client: Client, source: JsonObject) -> None:
    """Read a price's tiers in its other currencies, which have to be expanded one by one."""
    options = part(source, "currency_options")
    others = [currency for currency in options if currency != source.get("currency")]
    if others:
        expand = [f"currency_options.{currency}.tiers" for currency in others]
        price, _ = ask(lambda: client.v1.prices.retrieve(text(source, "id"), params={"expand": expand}))
        options = {**options, **part(price, "currency_options")}
    for currency in options.keys() - set(others):
        options[currency] = {**part(options, currency), "tiers": source.get("tiers")}
    source["currency_options"] = options


def read_rows(
    rows: list[JsonObject], read: Callable[[JsonObject], T], *, is_alone: bool
) -> tuple[tuple[T, ...], tuple[Unreadable, ...]]:
    """The rows that can be read, and the others by id. Raises a StripeProblem that says nothing about a single row.

    A row may need another request. Where that one gets no answer, only a row that `is_alone` can be told apart from
    Stripe being away.
    """
    found: list[T] = []
    unreadable: list[Unreadable] = []
    for row in rows:
        row_id = short_text(row, "id")
        try:
            if is_deep(row):
                raise UnreadableObject("it is nested too deeply")
            found.append(read(row))
        except (KeyRejected, TooManyRequests):
            raise
        except StripeUnreachable as problem:
            if not is_alone:
                raise
            unreadable.append(Unreadable(row_id, problem.message))
        except StripeProblem as problem:
            unreadable.append(Unreadable(row_id, problem.message))
    return tuple(found), tuple(unreadable)
