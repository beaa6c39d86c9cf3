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


def lose(call: Call, given: Document) -> Document:
    """Stripe loses counted events, and says nothing: {start, end, customer?}, times of the events in seconds."""
    lost = 0
    for event in call.store.objects.get(processing.EVENT, {}).values():
        within = given["start"] <= event["timestamp"] < given["end"]
        if within and event["_state"] == "counted" and given.get("customer", event["_customer"]) == event["_customer"]:
            event["_state"] = "lost"
            lost += 1
    return {"lost": lost}


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
