"""Events of the last thirty days."""

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import ONLY_EXPAND, PAGE, RANGE, TEXT, YES
from billingportal.sandbox.http.lists import Page, Test, created_within, page
from billingportal.sandbox.http.parameters import Many, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

KIND = "event"
KEPT_SECONDS = 30 * 24 * 3600
LIST = Record(
    {
        "created": RANGE,
        "delivery_success": YES,
        "type": TEXT,
        "types": Many(TEXT, most=20),
        **PAGE,
    }
)


def retrieve(call: Call, identifier: str) -> Document:
    """One event, while Stripe keeps it."""
    event = call.need(KIND, identifier, "id")
    if not kept(event):
        raise call.absent(KIND, identifier, "id")
    return event


def index(call: Call) -> Page:
    """Events by type, time and whether all deliveries succeeded."""
    given = call.parameters
    if "type" in given and "types" in given:
        raise invalid("You may only specify one of these parameters: type, types.")
    if "types" in given and not given["types"]:
        raise invalid("Invalid array", "types")
    events = call.store.living(KIND)
    return page(call, KIND, "/v1/events", events, kept, created_within(call), of_type(call), delivered(call))


def kept(event: Document) -> bool:
    """Whether the event is recent enough to be shown."""
    return bool(event["created"] > now() - KEPT_SECONDS)


def of_type(call: Call) -> Test:
    """By name, by `noun.*`, or by several names."""
    names = set(call.parameters.get("types", [call.parameters.get("type", "*")]))
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return lambda event: event["type"] in names or event["type"].startswith(starts)


def delivered(call: Call) -> Test:
    """Whether no endpoint's delivery is pending; without the parameter all events pass."""
    success = call.parameters.get("delivery_success")
    return lambda event: success is None or (event["pending_webhooks"] == 0) == success


OPERATIONS = [
    Operation("GET", "/v1/events", KIND, index, LIST, "events:read"),
    Operation("GET", "/v1/events/{id}", KIND, retrieve, ONLY_EXPAND, "events:read"),
]
