"""Error reports: what Stripe says of meter events that it accepted and could not count.

One report for each meter and window, without a meter where none has the event's name. A report counts all errors and
names only some of them.
"""

from collections.abc import Iterator

from billingportal.sandbox import clock
from billingportal.sandbox.billing.metering.checks import MESSAGES
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.identifiers import new_id
from billingportal.sandbox.webhooks import thin_events

KIND = "meter_error_report"
EVENT = "billing.meter_event"


def collect(call: Call, *, at_once: bool = False) -> list[Document]:
    """Report the rejected events of each meter whose window is over, or of all meters. Returns the new reports."""
    window = setting(call.account, "metering")["report_seconds"]
    by_meter: dict[str | None, list[Document]] = {}
    for key in call.store.rejected:
        event = call.store.objects[EVENT][key]
        by_meter.setdefault(event["_meter"], []).append(event)
    made, reported = [], set()
    for meter, events in by_meter.items():
        start = min(event["_decided_real"] for event in events)
        if at_once or start + window <= clock.precise():
            made.append(trigger(call, report(call, meter, events)))
            reported |= {event["_number"] for event in events}
    call.store.rejected = [key for key in call.store.rejected if int(key) not in reported]
    return made


def trigger(call: Call, made: Document) -> Document:
    """Store a report and emit the thin event that tells of it."""
    meter = call.store.objects["billing.meter"][made["meter"]] if made["meter"] is not None else None
    thin_events.raise_report(call, meter, made["error_types"], made["validation_start"], made["validation_end"])
    return call.store.put(made)


def report(call: Call, meter: str | None, events: list[Document]) -> Document:
    """The report of some rejected events of one meter; its window in seconds since 1970, real time."""
    return {
        "id": new_id("mtrerr"),
        "object": KIND,
        "created": clock.now(),
        "error_count": len(events),
        "error_types": list(error_types(call, events)),
        "livemode": call.livemode,
        "meter": meter,
        "validation_end": int(max(event["_decided_real"] for event in events)) + 1,
        "validation_start": int(min(event["_decided_real"] for event in events)),
    }


def error_types(call: Call, events: list[Document]) -> Iterator[Document]:
    """Count and samples by code. Where there are several errors of a code, one at least is not named."""
    chosen = setting(call.account, "metering")
    for code in dict.fromkeys(event["_error"] for event in events):
        failed = [event for event in events if event["_error"] == code]
        named = failed[: min(chosen["samples"], max(len(failed) - 1, 1))]
        samples = [sample(event, chosen["sample_names"]) for event in named]
        yield {"code": code, "error_count": len(failed), "sample_errors": samples}


def sample(event: Document, named_by: str) -> Document:
    """One error with the name of its request: the idempotency key, or the event's identifier."""
    key = event["_idempotency_key"] if named_by == "idempotency_key" else None
    message = MESSAGES.get(event["_error"], "The event is invalid.")
    return {"error_message": message, "request": {"identifier": key or event["identifier"]}}
