"""Meter events are accepted first and processed later: counted, rejected or canceled."""

from billingportal.sandbox import clock
from billingportal.sandbox.billing.metering.checks import error_of
from billingportal.sandbox.http.call import CLOCK, Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.store import Store

EVENT = "billing.meter_event"
ADJUSTMENT = "billing.meter_event_adjustment"


def process(call: Call, customer: str | None = None, *, at_once: bool = False) -> None:
    """Process what was received long enough ago, of one customer or of all; `at_once` also what is newer.

    Rejected events wait in the store for `error_reports.collect`, which a call that may still be refused must not do.
    """
    delay = setting(call.account, "metering")["processing_seconds"]
    store, left = call.store, []
    for kind, key in store.waiting:
        document = store.objects[kind][key]
        if customer in (None, document["_customer"]) and (
            at_once or has_passed(call, document, "_received", document["_customer"], delay)
        ):
            decide(call, kind, key)
        else:
            left.append([kind, key])
    store.waiting = left


def decide(call: Call, kind: str, key: str) -> None:
    """Count or reject an event, or cancel the event that an adjustment names."""
    document = call.store.objects[kind][key]
    if kind == ADJUSTMENT:
        document["status"] = "complete"
        call.store.objects[EVENT][document["_event"]]["_state"] = "canceled"
        return
    if document["_state"] != "waiting":  # canceled meanwhile
        return
    error = error_of(call, document) or error_on_command(call)
    document["_state"] = "counted" if error is None else "rejected"
    if error is None and planted.happens(call.store, "meter_event_lost"):
        document["_state"] = "lost"
    document["_decided"] = time_of(call.store, document["_customer"])
    document["_decided_real"] = clock.precise()
    if error is not None:
        document["_error"] = error
        call.store.rejected.append(key)
    elif planted.happens(call.store, "meter_event_doubled"):
        number = len(call.store.objects[EVENT]) + 1
        call.store.objects[EVENT][str(number)] = {**document, "_number": number}


def error_on_command(call: Call) -> str | None:
    """The code of the control API for a good event that is rejected all the same; None if none is."""
    chosen = setting(call.account, "metering")
    if not chosen["reject_next"]:
        return None
    call.account.settings["metering"]["reject_next"] -= 1
    return str(chosen["reject_code"])


def has_passed(call: Call, document: Document, name: str, customer: str, seconds: float) -> bool:
    """Whether so much time has passed since a time of a document, really or on the customer's test clock."""
    really = document[f"{name}_real"] + seconds <= clock.precise()
    return bool(really or document[name] + seconds <= time_of(call.store, customer))


def time_of(store: Store, customer: str) -> int:
    """The time of a customer, in seconds: that of the test clock, else the real one."""
    found = store.find("customer", customer)
    if found is None or found.get("test_clock") is None:
        return clock.now()
    return int(store.objects[CLOCK][found["test_clock"]]["frozen_time"])
