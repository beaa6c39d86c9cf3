"""Meter events: reported usage. Accepted here; counted or rejected when they are processed."""

from billingportal.sandbox import clock
from billingportal.sandbox.billing.metering import checks, error_reports, processing
from billingportal.sandbox.billing.metering.processing import EVENT as KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import EXPAND, METADATA, TIMESTAMP
from billingportal.sandbox.http.parameter_types import Text, empty
from billingportal.sandbox.http.parameters import CLEARED, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.identifiers import letters

REMEMBERED_SECONDS = 24 * 3600
CREATE = Record(
    {"event_name": Text(100), "identifier": Text(100), "payload": METADATA, "timestamp": TIMESTAMP, **EXPAND},
    required=("event_name", "payload"),
)


def create(call: Call) -> Document:
    """Accept a report of usage. Raises Refused for a repeated identifier and for what is checked at once."""
    given = call.parameters
    if given["payload"] == CLEARED:
        raise empty("payload")
    meter = checks.meter_of(call.store, given["event_name"])
    customer = given["payload"].get(checks.customer_key(meter), "")
    found = call.store.find("customer", customer)
    if found is not None:
        call.play_at(found)
    if not setting(call.account, "metering")["checks_later"]:
        check_at_once(call, meter)
    identifier = given.get("identifier", letters(32))
    check_new(call, identifier)
    event = accepted(call, meter, customer, identifier)
    processing.process(call, customer)
    error_reports.collect(call)
    return event


def check_at_once(call: Call, meter: Document | None) -> None:
    """Raises Refused for an event name without an active meter, a time out of reach, and too many digits.

    Integrators saw the first and the last refused at once; no source tells when Stripe checks the time.
    """
    given = call.parameters
    if meter is None or meter["status"] != "active":
        message = f"No active meter found for event name {given['event_name']}."
        raise invalid(message, "event_name", "no_meter")
    if checks.time_error(given.get("timestamp", call.now()), call.now()):
        message = "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future."
        raise invalid(message, "timestamp")
    key = checks.value_key(meter)
    if checks.has_too_many_digits(given["payload"].get(key, "")):
        message = f"Invalid value: values can have at most {checks.MOST_DIGITS} significant digits."
        raise invalid(message, f"payload[{key}]")


def check_new(call: Call, identifier: str) -> None:
    """Raises Refused for an identifier of the last 24 hours, by the time of the earlier event's customer."""
    event = call.store.find(KIND, call.store.identifiers.get(identifier, ""))
    if event is None or processing.has_passed(call, event, "_received", event["_customer"], REMEMBERED_SECONDS):
        return
    message = f"An event already exists with identifier {identifier}."
    raise Refused(message, param="identifier", headers={"Stripe-Should-Retry": "false"})


def accepted(call: Call, meter: Document | None, customer: str, identifier: str) -> Document:
    """Store an event that waits to be processed."""
    given, events = call.parameters, call.store.objects.setdefault(KIND, {})
    number = len(events) + 1
    event = events[str(number)] = {
        "object": KIND,
        "created": call.now(),
        "event_name": given["event_name"],
        "identifier": identifier,
        "livemode": call.livemode,
        "payload": given["payload"],
        "timestamp": given.get("timestamp", call.now()),
        "_customer": customer,
        "_idempotency_key": call.idempotency_key,
        "_meter": None if meter is None else meter["id"],
        "_number": number,
        "_received": call.now(),
        "_received_real": clock.precise(),
        "_state": "waiting",
    }
    call.store.identifiers[identifier] = str(number)
    call.store.waiting.append([KIND, str(number)])
    return event


OPERATIONS = [
    Operation("POST", "/v1/billing/meter_events", KIND, create, CREATE, "billing_meter_events:write"),
]
