"""Reads what an event tells of its object, after and, where it can be known, before."""

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
    """The object as this event shows it, before and after."""
    return EventSnapshot(
        copy=parsing.copy_of(event.object),
        created_at=event.created_at,
        before=before(event),
        is_creation=is_creation(event.type),
        is_deletion=is_deletion(event.type),
    )


def before(event: EventCopy) -> Copy | None:
    """The object as it was until the event, where the event tells it whole: that is proof, and never needed."""
    if event.previous_attributes is None:
        return None
    try:
        return parsing.copy_of(overlay(event.object, event.previous_attributes))
    except UnreadableObject:
        return None


def overlay(current: JsonObject, previous: JsonObject) -> JsonObject:
    """The object as it was: Stripe names only what changed, nested objects in part, lists whole."""
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
