"""Changes of objects: created, updated, deleted; each becomes an event."""

from collections.abc import Iterator
from contextlib import contextmanager

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.presentation import present
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import new_id

API_VERSION = "2026-10-28.endive"


def emit(call: Call, name: str, document: Document, previous: Document | None = None) -> None:
    """Emit an event about an object as it is now, hidden attributes left out."""
    tell(call, name, present(call.store, document), previous)


def tell(call: Call, name: str, shown: Document, previous: Document | None) -> None:
    """Emit an event about an object in its API form."""
    data: Document = {"object": shown}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now(),
        "data": data,
        "livemode": call.livemode,
        "pending_webhooks": 0,
        "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
        "type": name,
    }
    call.events.append(event)


@contextmanager
def updating(call: Call, name: str, document: Document) -> Iterator[Document]:
    """Compare an object before and after; emit the event if anything visible changed. A failure changes nothing."""
    kept = copied(document)
    before = present(call.store, document)
    try:
        yield document
    except Exception:
        document.clear()
        document.update(kept)
        raise
    after = present(call.store, document)
    previous = difference(before, after)
    if previous:
        tell(call, name, after, previous)


def copied(value: Document) -> Document:
    """A copy with hashes and arrays of its own; many times faster than `copy.deepcopy`."""
    return {name: part_copied(part) for name, part in value.items()}


def part_copied(value: object) -> object:
    """A copy of a document's value with hashes and arrays of its own."""
    if isinstance(value, dict):
        return copied(value)
    return [part_copied(item) for item in value] if isinstance(value, list) else value


def changed(document: Document, changes: Document) -> Document:
    """A copy of a document with changes: hashes are merged, arrays and values replaced."""
    inside = {
        name: changed(document[name], value)
        for name, value in changes.items()
        if isinstance(value, dict) and isinstance(document.get(name), dict)
    }
    return {**copied(document), **copied(changes), **inside}


def difference(before: Document, after: Document) -> Document:
    """The previous values of the attributes that `after` changed: hashes by key, arrays whole, new keys null."""
    previous: Document = {}
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            previous[name] = difference(old, new)
        else:
            previous[name] = old
    return previous
