"""Commands of the control API for meter events."""

from billingportal.sandbox.billing.metering import error_reports, processing
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document


def process_now(call: Call, given: Document) -> Document:
    """Process all meter events that wait, and report those that were rejected, without waiting: {}."""
    waited = len(call.store.waiting)
    processing.process(call, at_once=True)
    error_reports.collect(call, at_once=True)
    return {"processed": waited}


def age(call: Call, given: Document) -> Document:
    """Receive all meter events, and the answers under idempotency keys, some seconds earlier: {seconds}."""
    seconds = int(given["seconds"])
    events = call.store.objects.get(processing.EVENT, {})
    for event in events.values():
        for name in ("_received", "_received_real"):
            event[name] -= seconds
    for answer in call.store.answers.values():
        answer["at"] -= seconds
    return {"events": len(events)}


def lose(call: Call, given: Document) -> Document:
    """Forget what was counted of a customer's meter events from a time on, up to another: {customer, starts, ends}."""
    lost = [
        event
        for event in call.store.objects.get(processing.EVENT, {}).values()
        if event["_customer"] == given["customer"]
        and event["_state"] == "counted"
        and given["starts"] <= event["timestamp"] < given["ends"]
    ]
    for event in lost:
        event["_state"] = "lost"
    return {"lost": len(lost)}
