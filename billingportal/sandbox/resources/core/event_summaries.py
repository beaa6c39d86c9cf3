"""Summaries of a customer's meter usage."""

from billingportal.sandbox.billing.metering.usage import WINDOWS, Use, aggregated, events_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import PAGE, TEXT, TIMESTAMP
from billingportal.sandbox.http.lists import Page, page_of
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

KIND = "billing.meter_event_summary"
MINUTE = 60
LIST = Record(
    {
        "customer": TEXT,
        "end_time": TIMESTAMP,
        "start_time": TIMESTAMP,
        "value_grouping_window": Choice("day", "hour"),
        **PAGE,
    },
    required=("customer", "end_time", "start_time"),
)


def index(call: Call, meter_id: str) -> Page:
    """One summary of the whole time, or one for each hour or day with usage, newest first.

    Events come late: as many seconds after they were counted as the account's settings say.
    """
    meter = call.need("billing.meter", meter_id, "id")
    given = call.parameters
    customer = call.given("customer", "customer")["id"]
    start, end = given["start_time"], given["end_time"]
    window = WINDOWS.get(given.get("value_grouping_window", ""), 0)
    check_bounds(start, end, window or MINUTE)
    reported = [use for use in events_of(call, meter, customer, lagging=True) if start <= use.at < end]
    used = by_window(reported, start, window) if window else {(start, end): reported}
    found = [summary(call, meter, customer, bounds, used[bounds]) for bounds in sorted(used, reverse=True)]
    return page_of(call, KIND, f"/v1/billing/meters/{meter_id}/event_summaries", found)


def check_bounds(start: int, end: int, step: int) -> None:
    """Raises Refused unless the time is forward and lies on whole minutes, hours or days."""
    if end <= start:
        raise invalid("`end_time` must be after `start_time`.", "end_time")
    for name, moment in (("start_time", start), ("end_time", end)):
        if moment % step:
            raise invalid(f"`{name}` must be aligned to a boundary of {step} seconds.", name)


def by_window(used: list[Use], start: int, window: int) -> dict[tuple[int, int], list[Use]]:
    """The events of each hour or day that has any; its start and end in seconds."""
    found: dict[tuple[int, int], list[Use]] = {}
    for use in used:
        begin = use.at - (use.at - start) % window
        found.setdefault((begin, begin + window), []).append(use)
    return found


def summary(call: Call, meter: Document, customer: str, bounds: tuple[int, int], used: list[Use]) -> Document:
    """The summary of some events by the meter's formula. Its id names customer and time, so that it is a cursor."""
    start, end = bounds
    return {
        "id": f"mtrusg_{meter['id'].removeprefix('mtr_')}{customer.removeprefix('cus_')}{start}{end}",
        "object": KIND,
        "aggregated_value": float(aggregated(meter, used)),
        "end_time": end,
        "livemode": call.livemode,
        "meter": meter["id"],
        "start_time": start,
    }


PATH = "/v1/billing/meters/{id}/event_summaries"
OPERATIONS = [Operation("GET", PATH, KIND, index, LIST, "billing_meters:read")]
