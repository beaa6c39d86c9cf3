"""Commands of the control API that make Stripe emit thin events."""

from billingportal.sandbox import clock
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.webhooks import thin_events


def report_meter_errors(call: Call, given: Document) -> Document:
    """Stripe rejects meter events afterwards: {meter?, errors, starts?, ends?}.

    `errors` is a list of {code, count, samples?}; `samples` has pairs of an idempotency key and a message. `starts` and
    `ends` are in seconds before now, else 60 and 0. Without a meter none was found for the events.
    """
    meter = call.need("billing.meter", given["meter"], "meter") if given.get("meter") else None
    errors = [thin_events.error_type(one["code"], one["count"], one.get("samples", [])) for one in given["errors"]]
    moment = clock.precise()
    starts_at, ends_at = moment - given.get("starts", 60), moment - given.get("ends", 0)
    return {"event": thin_events.raise_report(call, meter, errors, starts_at, ends_at)["id"]}


def notify(call: Call, given: Document) -> Document:
    """Something happens that only a thin event tells: {type, related_object?, data?}."""
    event = thin_events.notify(call, given["type"], related=given.get("related_object"), data=given.get("data"))
    return {"event": event["id"]}
