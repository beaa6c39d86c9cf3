"""Commands of the control API that plant a fault at Stripe, and take all of them away."""

from billingportal.sandbox.control.object_commands import found
from billingportal.sandbox.control.price_faults import OF_METERS, OF_PRICES
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import copied
from billingportal.sandbox.state.identifiers import new_id, new_secret
from billingportal.sandbox.webhooks.recipients import ENDPOINT

METER = "billing.meter"
SECOND_ENDPOINT = "webhook_doubled"
FAULTS = sorted([*planted.BEHAVIORS, *OF_METERS, *OF_PRICES, SECOND_ENDPOINT])


def plant(call: Call, given: Document) -> Document:
    """Plant a fault: {fault, ...}.

    A fault of a price takes {price}, one of a meter {meter} or a {price} that it measures. What Stripe does wrongly
    takes {count?, type?}. Raises ValueError for an unknown fault, and one that does not fit its object.
    """
    fault = given["fault"]
    if fault in planted.BEHAVIORS:
        count = given.get("count", 1 if fault in planted.ONCE else None)
        planted.plant(call.store, fault, count, given.get("type"))
    elif fault in OF_PRICES:
        OF_PRICES[fault](kept(call, "price", given["price"]), given)
    elif fault in OF_METERS:
        OF_METERS[fault](kept(call, METER, meter_of(call, given)), given)
    elif fault == SECOND_ENDPOINT:
        return {"endpoints": [double(call, endpoint) for endpoint in list(call.store.living(ENDPOINT))]}
    else:
        raise ValueError(f"fault must be one of {', '.join(FAULTS)}")
    return {"fault": fault}


def clear(call: Call, given: Document) -> Document:
    """Take all faults away: prices, meters and endpoints are what they were, and Stripe does right: {}."""
    store = call.store
    for kind, identifier, before in store.unplanted:
        document = store.objects[kind][identifier]
        document.clear()
        document.update(before)
    for endpoint in store.living(ENDPOINT):
        if endpoint.get("_doubled"):
            endpoint["deleted"] = True
    cleared = [*store.planted, *(identifier for _, identifier, _ in store.unplanted)]
    store.planted, store.unplanted = {}, []
    return {"cleared": cleared}


def meter_of(call: Call, given: Document) -> str:
    """The id of the meter, or of the meter of a price."""
    if "meter" in given:
        return str(given["meter"])
    price = found(call, {"type": "price", "id": given["price"]})
    return str(price["recurring"]["meter"])


def kept(call: Call, kind: str, identifier: str) -> Document:
    """The object to spoil, whose state of now `clear` brings back."""
    document = found(call, {"type": kind, "id": identifier})
    if identifier not in {name for _, name, _ in call.store.unplanted}:
        call.store.unplanted.append([kind, identifier, copied(document)])
    return document


def double(call: Call, endpoint: Document) -> str:
    """A second endpoint with the same address and events, and as at Stripe with a secret of its own; no event tells."""
    second = {**copied(endpoint), "id": new_id("we"), "secret": new_secret("whsec_", 32), "_doubled": True}
    return str(call.store.put(second)["id"])
