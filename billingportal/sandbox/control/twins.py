"""Twins of a catalog: the same meters, products and prices in another mode or account, with ids of their own."""

from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import copied
from billingportal.sandbox.state.identifiers import new_id
from billingportal.sandbox.state.store import Store, World

METER = "billing.meter"
PREFIXES = {METER: "mtr", "product": "prod", "price": "price"}


def copy_catalog(world: World, given: Document) -> Document:
    """Copy what is not deleted, without events: {account, mode, to_account?, to_mode}. Returns the new id of each.

    Everything is as it was, lookup keys among it. A meter whose event name is taken there is that meter.
    """
    with world.lock:
        source = world.accounts[given["account"]].stores[given["mode"]]
        target = world.accounts[str(given.get("to_account", given["account"]))].stores[given["to_mode"]]
        if target is source:
            raise ValueError("a catalog is no twin of itself")
        twins: dict[str, str] = {}
        for kind, prefix in PREFIXES.items():
            for document in list(source.living(kind))[::-1]:
                twins[document["id"]] = known_meter(target, document) or new_id(prefix)
        for kind in PREFIXES:
            for document in list(source.living(kind))[::-1]:
                if target.find(kind, twins[document["id"]]) is None:
                    target.put(twin(document, twins, livemode=target.livemode))
        return {"twins": twins}


def known_meter(target: Store, document: Document) -> str | None:
    """The active meter that has the event name already."""
    if document["object"] != METER:
        return None
    same = (one for one in target.living(METER) if one["event_name"] == document["event_name"])
    return next((str(one["id"]) for one in same if one["status"] == "active"), None)


def twin(document: Document, twins: dict[str, str], *, livemode: bool) -> Document:
    """A copy that names the twins of what the object names."""
    made = {**copied(document), "id": twins[document["id"]], "livemode": livemode}
    for name in ("product", "default_price"):
        if name in made:
            made[name] = twins.get(made[name] or "", made[name])
    recurring = made.get("recurring")
    if recurring and recurring["meter"]:
        recurring["meter"] = twins[recurring["meter"]]
    return made
