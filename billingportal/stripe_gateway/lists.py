"""Reads objects from Stripe: one by its id, or all of a kind page by page."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway import translate
from billingportal.stripe_gateway.calls import as_json, ask, stripe_errors
from billingportal.stripe_gateway.copies import (
    EventPage,
    Fetched,
    Page,
)
from billingportal.stripe_gateway.errors import NotThere

PAGE_SIZE = 100
# Left out of a price unless asked for.
PRICE_PARTS = ["tiers", "currency_options"]
IN_LIST: list[Json] = [f"data.{part}" for part in PRICE_PARTS]

Client = stripe.StripeClient
Fetch = Callable[[Client, str], stripe.StripeObject]
ListCall = Callable[..., stripe.StripeObject]


@dataclass(frozen=True)
class Walk:
    """How to list all of one kind."""

    lists: Callable[[Client], ListCall]
    filters: JsonObject


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

# Everything of an account, in the order in which rows refer to each other. Lists of products and prices
# leave archived ones out unless asked; subscriptions leave canceled ones out.
WALKS: dict[str, Walk] = {
    "active products": Walk(lambda client: client.v1.products.list, {"active": True}),
    "archived products": Walk(lambda client: client.v1.products.list, {"active": False}),
    "meters": Walk(lambda client: client.v1.billing.meters.list, {}),
    "active prices": Walk(lambda client: client.v1.prices.list, {"active": True, "expand": IN_LIST}),
    "archived prices": Walk(lambda client: client.v1.prices.list, {"active": False, "expand": IN_LIST}),
    "customers": Walk(lambda client: client.v1.customers.list, {}),
    "subscriptions": Walk(lambda client: client.v1.subscriptions.list, {"status": "all"}),
    "invoices": Walk(lambda client: client.v1.invoices.list, {}),
    "invoice payments": Walk(lambda client: client.v1.invoice_payments.list, {}),
    "subscription schedules": Walk(lambda client: client.v1.subscription_schedules.list, {}),
    "refunds": Walk(lambda client: client.v1.refunds.list, {}),
    "disputes": Walk(lambda client: client.v1.disputes.list, {}),
}


def fetch(client: Client, kind: str, object_id: str) -> Fetched:
    """The object now; its copy is None when Stripe says it was deleted. Raises a StripeProblem."""
    started = time.monotonic()
    try:
        source, reading = ask(lambda: FETCHES[kind](client, object_id))
    except NotThere:
        # The SDK keeps no headers of a refusal; another answer tells the time, and how long ago the refusal was.
        _, reading = ask(client.v1.balance.retrieve)
        elapsed = math.ceil(time.monotonic() - started)
        return Fetched(None, replace(reading, uncertainty_seconds=reading.uncertainty_seconds + elapsed))
    if source.get("deleted"):
        return Fetched(None, reading)
    return Fetched(translate.copy_of(whole(client, source)), reading)


def whole(client: Client, source: JsonObject) -> JsonObject:
    """The object with the parts that one answer leaves out. Raises a StripeProblem."""
    if source.get("object") == "subscription":
        read_all_items(client, source)
    elif source.get("billing_scheme") == "tiered":
        read_all_tiers(client, source)
    return source


def read_all_items(client: Client, source: JsonObject) -> None:
    """A subscription shows its first items only; read the others too."""
    items = cast(JsonObject, source["items"])
    if not items.get("has_more"):
        return
    with stripe_errors():
        listed = client.v1.subscription_items.list(params={"subscription": str(source["id"]), "limit": PAGE_SIZE})
        items["data"] = [as_json(item) for item in listed.auto_paging_iter()]
    items["has_more"] = False


def read_all_tiers(client: Client, source: JsonObject) -> None:
    """The tiers of a price in its other currencies have to be asked for by the name of each."""
    options = cast(dict[str, JsonObject], source.get("currency_options") or {})
    others = [currency for currency in options if currency != source.get("currency")]
    if others:
        expand = [f"currency_options.{currency}.tiers" for currency in others]
        price, _ = ask(lambda: client.v1.prices.retrieve(str(source["id"]), params={"expand": expand}))
        options |= cast(dict[str, JsonObject], price["currency_options"])
    for currency in options.keys() - set(others):
        options[currency]["tiers"] = source["tiers"]
    source["currency_options"] = cast(Json, options)


def page(client: Client, walk: str, starting_after: str | None) -> Page:
    """One page of a walk, continuing after an id. Raises a StripeProblem."""
    chosen = WALKS[walk]
    source, reading = ask(lambda: chosen.lists(client)(params=page_params(chosen.filters, starting_after)))
    rows, last_id, has_more = read_list(source)
    return Page(tuple(translate.copy_of(whole(client, row)) for row in rows), last_id, has_more, reading)


def events(client: Client, since: datetime, starting_after: str | None) -> EventPage:
    """One page of events created at or after `since`, newest first. Raises a StripeProblem."""
    params = page_params({"created": {"gte": int(since.timestamp())}}, starting_after)
    list_events: ListCall = client.v1.events.list
    source, reading = ask(lambda: list_events(params=params))
    rows, last_id, has_more = read_list(source)
    return EventPage(tuple(translate.event(row) for row in rows), last_id, has_more, reading)


def page_params(filters: JsonObject, starting_after: str | None) -> JsonObject:
    after: JsonObject = {"starting_after": starting_after} if starting_after else {}
    return {"limit": PAGE_SIZE, **filters, **after}


def read_list(source: JsonObject) -> tuple[list[JsonObject], str | None, bool]:
    rows = cast(list[JsonObject], source["data"])
    last_id = str(rows[-1]["id"]) if rows else None
    return rows, last_id, bool(source.get("has_more"))
