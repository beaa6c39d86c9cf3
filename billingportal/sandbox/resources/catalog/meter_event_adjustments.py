"""Meter event adjustments: they cancel events of the last 24 hours."""

from billingportal.sandbox import clock
from billingportal.sandbox.billing.metering import processing
from billingportal.sandbox.billing.metering.processing import ADJUSTMENT as KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND
from billingportal.sandbox.http.parameter_types import Choice, Text
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog.meter_events import REMEMBERED_SECONDS

CANCEL = Record({"identifier": Text(100)}, required=("identifier",))
CREATE = Record(
    {"cancel": CANCEL, "event_name": Text(100), "type": Choice("cancel"), **EXPAND},
    required=("cancel", "event_name", "type"),
)


def create(call: Call) -> Document:
    """Cancel an event when the adjustment is processed; what is final by then stays as it is.

    Raises Refused for an event that is unknown, older than 24 hours or canceled already.
    """
    name, identifier = call.parameters["event_name"], call.parameters["cancel"]["identifier"]
    event = event_of(call, name, identifier)
    made: Document = {
        "object": KIND,
        "cancel": {"identifier": identifier},
        "event_name": name,
        "livemode": call.livemode,
        "status": "pending",
        "type": "cancel",
        "_customer": event["_customer"],
        "_event": str(event["_number"]),
        "_received": processing.time_of(call.store, event["_customer"]),
        "_received_real": clock.precise(),
    }
    adjustments = call.store.objects.setdefault(KIND, {})
    key = str(len(adjustments) + 1)
    adjustments[key] = made
    event["_adjusted"] = True
    call.store.waiting.append([KIND, key])
    answer = dict(made)
    processing.process(call, event["_customer"])
    return answer


def event_of(call: Call, name: str, identifier: str) -> Document:
    """The event to cancel. Raises Refused; no source has Stripe's words."""
    event = call.store.find(processing.EVENT, call.store.identifiers.get(identifier, ""))
    if event is None or event["event_name"] != name:
        raise invalid(f"No meter event found with identifier {identifier}.", "cancel[identifier]")
    if processing.has_passed(call, event, "_received", event["_customer"], REMEMBERED_SECONDS):
        message = "You can only cancel events within 24 hours of Stripe receiving them."
        raise invalid(message, "cancel[identifier]")
    if event.get("_adjusted"):
        raise invalid(f"The meter event with identifier {identifier} is already canceled.", "cancel[identifier]")
    return event


OPERATIONS = [
    Operation(
        "POST", "/v1/billing/meter_event_adjustments", KIND, create, CREATE, "billing_meter_event_adjustments:write"
    ),
]
