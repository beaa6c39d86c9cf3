"""Thin events: small notices without data, whose data is fetched. What belongs to whom is in v1 and v2 alike."""

from collections.abc import Iterable

from billingportal.sandbox import clock
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import new_id_of_version_two

KIND = "v2.core.event"
PING = "v2.core.event_destination.ping"
ERROR_REPORT = "v1.billing.meter.error_report_triggered"
NO_METER = "v1.billing.meter.no_meter_found"
# What a delivered notice says; the fetched event says more.
NOTICE = ("id", "object", "type", "created", "livemode", "context", "reason", "related_object")


def notify(
    call: Call, name: str, *, related: Document | None = None, data: Document | None = None, only: str | None = None
) -> Document:
    """Emit a thin event: to every destination that asks for its type, or to `only` one, whatever it asks for.

    `related` and `data` are left out of the event where there are none.
    """
    moment = clock.precise()
    event: Document = {
        "id": new_id_of_version_two("evt", livemode=call.livemode),
        "object": KIND,
        "type": name,
        "created": clock.spelled(moment),
        "livemode": call.livemode,
        "context": None,
        "reason": None,
        "changes": None,
        "snapshot_event": None,
        "_at": moment,
        "_only": only,
        "_pending": 0,
    }
    event |= {"related_object": related} if related is not None else {}
    event |= {"data": data} if data is not None else {}
    call.events.append(event)
    return event


def raise_report(
    call: Call, meter: Document | None, errors: Iterable[Document], starts_at: float, ends_at: float
) -> Document:
    """Report meter events that were rejected after they were taken; without a meter none was found for them.

    `errors` have the attributes of the report's `error_types`. Times are seconds since 1970.
    """
    types = list(errors)
    count = sum(one["error_count"] for one in types)
    data = {
        "developer_message_summary": f"There {'is 1 invalid event' if count == 1 else f'are {count} invalid events'}",
        "reason": {"error_count": count, "error_types": types},
        "validation_start": clock.spelled(starts_at),
        "validation_end": clock.spelled(ends_at),
    }
    if meter is None:
        return notify(call, NO_METER, data=data)
    related = {"id": meter["id"], "type": "billing.meter", "url": f"/v1/billing/meters/{meter['id']}"}
    return notify(call, ERROR_REPORT, related=related, data=data)


def error_type(code: str, count: int, samples: Iterable[tuple[str, str]]) -> Document:
    """One of a report's `error_types`. A sample is the idempotency key of a request, and the error's message."""
    named = [{"error_message": message, "request": {"identifier": key}} for key, message in samples]
    return {"code": code, "error_count": count, "sample_errors": named}


def notice(event: Document) -> Document:
    """The body that is delivered."""
    return {name: event[name] for name in NOTICE if name in event}
