"""Billing meters: they aggregate usage."""

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND, ONLY_EXPAND, PAGE, TEXT
from billingportal.sandbox.http.lists import Page, equal, page
from billingportal.sandbox.http.parameter_types import Choice, Text
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

KIND = "billing.meter"
NAME = Text(250)
CREATE = Record(
    {
        "customer_mapping": Record(
            {"event_payload_key": TEXT, "type": Choice("by_id")}, required=("event_payload_key", "type")
        ),
        "default_aggregation": Record({"formula": Choice("count", "last", "sum")}, required=("formula",)),
        "display_name": NAME,
        "event_name": Text(100),
        "event_time_window": Choice("day", "hour"),
        "value_settings": Record({"event_payload_key": TEXT}, required=("event_payload_key",)),
        **EXPAND,
    },
    required=("default_aggregation", "display_name", "event_name"),
)
UPDATE = Record({"display_name": NAME, **EXPAND})
LIST = Record({"status": Choice("active", "inactive"), **PAGE})


def create(call: Call) -> Document:
    """A new meter; each event name has one active meter."""
    given = call.parameters
    name = given["event_name"]
    for other in call.store.living(KIND):
        if other["event_name"] == name and other["status"] == "active":
            message = f"A meter ({other['id']}) already exists with the event_name '{name}'."
            raise invalid(message, "event_name")
    meter = call.store.put(
        {
            "id": new_id("mtr"),
            "object": KIND,
            "created": now(),
            "customer_mapping": given.get(
                "customer_mapping", {"event_payload_key": "stripe_customer_id", "type": "by_id"}
            ),
            "default_aggregation": given["default_aggregation"],
            "display_name": given["display_name"],
            "event_name": name,
            "event_time_window": given.get("event_time_window"),
            "livemode": call.livemode,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": now(),
            "value_settings": given.get("value_settings", {"event_payload_key": "value"}),
        }
    )
    emit(call, "billing.meter.created", meter)
    return meter


def retrieve(call: Call, identifier: str) -> Document:
    """One meter."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """Meters, newest first."""
    return page(call, KIND, "/v1/billing/meters", call.store.newest_first(KIND), equal(call, "status"))


def update(call: Call, identifier: str) -> Document:
    """Rename a meter; nothing else can change."""
    meter = call.need(KIND, identifier, "id")
    with updating(call, "billing.meter.updated", meter):
        meter["display_name"] = call.parameters.get("display_name", meter["display_name"])
        meter["updated"] = now()
    return meter


def deactivate(call: Call, identifier: str) -> Document:
    """Deactivate a meter: it accepts no more events and no more prices."""
    meter = call.need(KIND, identifier, "id")
    if meter["status"] == "inactive":
        raise invalid("This meter is already inactive.")
    meter.update(status="inactive", status_transitions={"deactivated_at": now()}, updated=now())
    emit(call, "billing.meter.deactivated", meter)
    return meter


def reactivate(call: Call, identifier: str) -> Document:
    """Reactivate a meter."""
    meter = call.need(KIND, identifier, "id")
    if meter["status"] == "active":
        raise invalid("This meter is already active.")
    meter.update(status="active", status_transitions={"deactivated_at": None}, updated=now())
    emit(call, "billing.meter.reactivated", meter)
    return meter


READ, WRITE = "billing_meters:read", "billing_meters:write"
PATH = "/v1/billing/meters"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
    Operation("POST", f"{PATH}/{{id}}/deactivate", KIND, deactivate, ONLY_EXPAND, WRITE),
    Operation("POST", f"{PATH}/{{id}}/reactivate", KIND, reactivate, ONLY_EXPAND, WRITE),
]
