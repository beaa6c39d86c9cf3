"""Builds the object's state after an event and, from previous_attributes, before it."""

from billingportal.domain.sync.object_types import is_creation, is_deletion
from billingportal.domain.sync.ordering import EventSnapshot
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.copies import Copy, EventCopy


def has_hidden_part(source: JsonObject) -> bool:
    """Whether a subscription has more items than its payload shows."""
    items = source.get("items")
    return isinstance(items, dict) and bool(items.get("has_more"))


def snapshot_of_event(event: EventCopy) -> EventSnapshot:
    """The object's state before and after this event."""
    return EventSnapshot(
        copy=parsing.copy_of(event.object),
        created_at=event.created_at,
        before=before(event),
        is_creation=is_creation(event.type),
        is_deletion=is_deletion(event.type),
    )


def before(event: EventCopy) -> Copy | None:
    """The state before the event, or None when the payload cannot rebuild it. Optional evidence only."""
    if event.previous_attributes is None:
        return None
    try:
        return parsing.copy_of(overlay(event.object, event.previous_attributes))
    except UnreadableObject:
        return None


def overlay(current: JsonObject, previous: JsonObject) -> JsonObject:
    """The object before the event: Stripe names only changed fields, nested objects in part, lists completely."""
    merged = dict(current)
    for name, was in previous.items():
        is_now = merged.get(name)
        if name == "metadata" and isinstance(was, dict) and isinstance(is_now, dict):
            # A label that was added was not there before, which Stripe writes as null.
            merged[name] = {label: text for label, text in overlay(is_now, was).items() if text is not None}
        elif isinstance(was, dict) and isinstance(is_now, dict):
            merged[name] = overlay(is_now, was)
        else:
            merged[name] = was
    return merged
