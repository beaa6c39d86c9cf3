"""What makes a meter event invalid, at once or later, with the codes of Stripe's error reports."""

import re

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Store

PAST_SECONDS, FUTURE_SECONDS = 35 * 24 * 3600, 300
MOST_DIGITS = 15
WHOLE = re.compile(r"-?\d+\Z", re.ASCII)
DIGITS = re.compile(r"\d", re.ASCII)
MESSAGES = {
    "archived_meter": "The meter is archived.",
    "meter_event_customer_not_found": "The customer was not found or is deleted.",
    "meter_event_dimension_count_too_high": "The customer has too many dimensions.",
    "meter_event_invalid_value": "The value is not a whole number.",
    "meter_event_no_customer_defined": "The payload has no customer.",
    "meter_event_value_not_found": "The payload has no value.",
    "meter_event_value_too_many_digits": f"The value has more than {MOST_DIGITS} significant digits.",
    "no_meter": "No meter has this event name.",
    "timestamp_in_future": "The timestamp is more than 5 minutes in the future.",
    "timestamp_too_far_in_past": "The timestamp is more than 35 days in the past.",
}


def meter_of(store: Store, name: str) -> Document | None:
    """The meter of an event name: the active one, else the newest inactive one, else None."""
    meters = [one for one in store.living("billing.meter") if one["event_name"] == name]
    return next((one for one in meters if one["status"] == "active"), meters[0] if meters else None)


def customer_key(meter: Document | None) -> str:
    """The payload's key of the customer."""
    return str(meter["customer_mapping"]["event_payload_key"]) if meter else "stripe_customer_id"


def value_key(meter: Document) -> str:
    """The payload's key of the value."""
    return str(meter["value_settings"]["event_payload_key"])


def time_error(timestamp: int, received: int) -> str | None:
    """The code for a time out of reach when the event was received; both in seconds."""
    if timestamp < received - PAST_SECONDS:
        return "timestamp_too_far_in_past"
    return "timestamp_in_future" if timestamp > received + FUTURE_SECONDS else None


def has_too_many_digits(value: str) -> bool:
    """Whether a value has more than 15 digits, leading zeros left out.

    Trailing zeros count: no source says that they do not.
    """
    return len("".join(DIGITS.findall(value)).lstrip("0")) > MOST_DIGITS


def error_of(call: Call, event: Document) -> str | None:
    """The code for an event that cannot be counted, by the state of its meter and customer now; None if it counts."""
    meter = call.store.find("billing.meter", event["_meter"] or "")
    if meter is None:
        return "no_meter"
    if meter["status"] != "active":
        return "archived_meter"
    return time_error(event["timestamp"], event["_received"]) or payload_error(call, meter, event["payload"])


def payload_error(call: Call, meter: Document, payload: Document) -> str | None:
    """The code for a payload without a living customer or a whole number."""
    if customer_key(meter) not in payload:
        return "meter_event_no_customer_defined"
    customer = call.store.find("customer", payload[customer_key(meter)])
    if customer is None or customer.get("deleted"):
        return "meter_event_customer_not_found"
    value = payload.get(value_key(meter))
    if value is None:
        return "meter_event_value_not_found"
    if not WHOLE.match(value):
        return "meter_event_invalid_value"
    return "meter_event_value_too_many_digits" if has_too_many_digits(value) else None
