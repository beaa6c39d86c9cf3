"""Commands of the control API that change, lose and restore objects behind the API's back: no event tells of it."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import changed


def show_otherwise(call: Call, given: Document) -> Document:
    """Show other attributes of an object, as a newer API would, or a fault of Stripe's: {id, shown}.

    An empty `shown` shows the stored ones again.
    """
    shown: Document = given["shown"]
    call.store.altered[given["id"]] = shown
    return shown


def change(call: Call, given: Document) -> Document:
    """Change the stored attributes of an object: {type, id, changes}. Hashes are merged, arrays and values replaced.

    Whatever Stripe does next is done with them. Raises ValueError for an attribute that the object does not have.
    """
    document, changes = found(call, given), given["changes"]
    unknown = [name for name in changes if name not in document]
    if unknown:
        raise ValueError(f"no attributes {', '.join(sorted(unknown))}")
    document.update(changed(document, changes))
    return {"id": given["id"]}


def delete(call: Call, given: Document) -> Document:
    """An object is deleted, and nothing follows from it: {type, id}."""
    found(call, given)["deleted"] = True
    return {"id": given["id"]}


def lose(call: Call, given: Document) -> Document:
    """The API knows an object no more, and nothing happens to it: {type, id}."""
    found(call, given)["_lost"] = True
    return {"id": given["id"]}


def restore(call: Call, given: Document) -> Document:
    """A lost or deleted object is there again, as it was: {type, id}."""
    document = found(call, given)
    for mark in ("_lost", "deleted"):
        document.pop(mark, None)
    return {"id": given["id"]}


def found(call: Call, given: Document) -> Document:
    """The object of a type and an id, lost ones too. Raises ValueError when there never was one."""
    document = call.store.objects.get(given["type"], {}).get(given["id"])
    if document is None:
        raise ValueError(f"no {given['type']} has the id {given['id']}")
    return document
