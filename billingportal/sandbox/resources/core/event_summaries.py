"""Summaries of a customer's meter usage."""

from collections.abc import Iterator
from decimal import Decimal

from billingportal.sandbox.billing.metering.usage import aggregated, events_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import PAGE, TEXT, TIMESTAMP
from billingportal.sandbox.http.lists import DEFAULT_LIMIT, Page
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

KIND = "billing.meter_event_summary"
WINDOWS = {"hour": 3600, "day": 24 * 3600}
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
    """One summary of the whole time, or one for each hour or day with usage, newest first."""
    meter = call.need("billing.meter", meter_id, "id")
    given = call.parameters
    customer = call.given("customer", "customer")["id"]
    start, end = given["start_time"], given["end_time"]
    window = WINDOWS.get(given.get("value_grouping_window", ""), 0)
    check_bounds(start, end, window or MINUTE)
    reported = list(events_of(call.store, meter, customer))
    found = [
        summary(call, meter, begin, stop, values)
        for begin, stop in reversed(list(windows(start, end, window)))
        if (values := [value for moment, value in reported if begin <= moment < stop]) or not window
    ]
    limit = given.get("limit", DEFAULT_LIMIT)
    return Page(found[:limit], len(found) > limit, f"/v1/billing/meters/{meter_id}/event_summaries")


def check_bounds(start: int, end: int, step: int) -> None:
    """Raises Refused unless the time is forward and lies on whole minutes, hours or days."""
    if end <= start:
        raise invalid("`end_time` must be after `start_time`.", "end_time")
    for name, moment in (("start_time", start), ("end_time", end)):
        if moment % step:
            raise invalid(f"`{name}` must be aligned to a boundary of {step} seconds.", name)


def windows(start: int, end: int, window: int) -> Iterator[tuple[int, int]]:
    """The intervals to sum up; the whole interval without a window size."""
    step = window or end - start
    for begin in range(start, end, step):
        yield begin, begin + step


def summary(call: Call, meter: Document, start: int, end: int, values: list[Decimal]) -> Document:
    """The summary of some values by the meter's formula."""
    return {
        "id": f"mtrusg_{meter['id'].removeprefix('mtr_')}{start}",
        "object": KIND,
        "aggregated_value": float(aggregated(meter, values)),
        "end_time": end,
        "livemode": call.livemode,
        "meter": meter["id"],
        "start_time": start,
    }


PATH = "/v1/billing/meters/{id}/event_summaries"
OPERATIONS = [Operation("GET", PATH, KIND, index, LIST, "billing_meters:read")]
