"""Meter events: reported usage."""

import re

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND, METADATA, TIMESTAMP
from billingportal.sandbox.http.parameter_types import Text
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import letters

KIND = "billing.meter_event"
PAST_SECONDS, FUTURE_SECONDS = 35 * 24 * 3600, 300
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?\Z")
CREATE = Record(
    {"event_name": Text(100), "identifier": Text(100), "payload": METADATA, "timestamp": TIMESTAMP, **EXPAND},
    required=("event_name", "payload"),
)


def create(call: Call) -> Document:
    """Store a report of usage. Raises Refused for an unknown meter, a repeated identifier and a time out of range."""
    given = call.parameters
    name = given["event_name"]
    meters = (one for one in call.store.living("billing.meter") if one["event_name"] == name)
    meter = next((one for one in meters if one["status"] == "active"), None)
    if meter is None:
        raise invalid(f"No active meter found for the event name '{name}'.", "event_name", "no_meter")
    customer = call.store.find("customer", given["payload"].get(meter["customer_mapping"]["event_payload_key"], ""))
    if customer is not None:
        call.play_at(customer)
    moment = given.get("timestamp", call.now())
    if not call.now() - PAST_SECONDS <= moment <= call.now() + FUTURE_SECONDS:
        message = "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future."
        raise invalid(message, "timestamp")
    check_value(given["payload"].get("value", "0"))
    identifier = given.get("identifier", letters(32))
    if call.store.find(KIND, identifier) is not None:
        raise invalid(f"An event already exists with identifier {identifier}.", "identifier")
    event = {
        "object": KIND,
        "created": call.now(),
        "event_name": name,
        "identifier": identifier,
        "livemode": call.livemode,
        "payload": given["payload"],
        "timestamp": moment,
    }
    call.store.objects.setdefault(KIND, {})[identifier] = event
    return event


def check_value(value: str) -> None:
    """Raises Refused for a value that is not a number."""
    if not NUMBER.match(value):
        raise invalid(f"Invalid value: {value}", "payload[value]", "meter_event_invalid_value")


OPERATIONS = [
    Operation("POST", "/v1/billing/meter_events", KIND, create, CREATE, "billing_meter_events:write"),
]
