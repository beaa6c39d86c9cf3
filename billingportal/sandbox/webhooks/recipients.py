"""Whom an event is delivered to, and with which body: snapshots to webhook endpoints, notices to event destinations."""

import json
from collections.abc import Iterator

from billingportal.sandbox.http.presentation import present
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Store
from billingportal.sandbox.webhooks import thin_events

ENDPOINT, DESTINATION = "webhook_endpoint", "v2.core.event_destination"


def recipients(store: Store, event: Document) -> Iterator[Document]:
    """The endpoints or destinations that listen to an event."""
    kind = DESTINATION if is_thin(event) else ENDPOINT
    for one in list(store.living(kind)):
        if one["status"] == "enabled" and is_wanted(event, one):
            yield one


def is_thin(event: Document) -> bool:
    """Whether an event is delivered as a notice."""
    return bool(event["object"] == thin_events.KIND)


def is_wanted(event: Document, recipient: Document) -> bool:
    """Whether a recipient's list includes an event, or the event is for this recipient alone."""
    only = event.get("_only")
    if only is not None:
        return bool(only == recipient["id"])
    return "*" in recipient["enabled_events"] or event["type"] in recipient["enabled_events"]


def recipient_of(store: Store, delivery: Document) -> Document:
    """The endpoint or destination of a delivery."""
    identifier = delivery["endpoint"]
    return store.find(ENDPOINT, identifier) or store.objects[DESTINATION][identifier]


def event_of(store: Store, delivery: Document) -> Document:
    """The event of a delivery."""
    return store.find("event", delivery["event"]) or store.objects[thin_events.KIND][delivery["event"]]


def body(store: Store, event: Document) -> str:
    """What is posted."""
    return json.dumps(thin_events.notice(event) if is_thin(event) else present(store, event))


def address(recipient: Document) -> tuple[str, str]:
    """A recipient's URL and signing secret."""
    if recipient["object"] == DESTINATION:
        inside = recipient["webhook_endpoint"]
        return inside["url"], inside["signing_secret"]
    return recipient["url"], recipient["secret"]


def count_pending(event: Document, change: int) -> None:
    """Add to the number of an event's deliveries that are not accepted yet; a thin event does not show it."""
    event["_pending" if is_thin(event) else "pending_webhooks"] += change
