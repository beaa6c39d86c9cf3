"""Commands of the control API for test clocks: they arrive, fail and grow old."""

from billingportal.sandbox.billing.time import clock_advance
from billingportal.sandbox.http.call import CLOCK, Call
from billingportal.sandbox.http.wire import Document


def arrive(call: Call, given: Document) -> Document:
    """End the advances that are under way, without waiting: {}."""
    moving = [one for one in call.store.living(CLOCK) if one["status"] == "advancing"]
    for test_clock in moving:
        clock_advance.arrive(call, test_clock)
    return {"test_clocks": [one["id"] for one in moving]}


def fail(call: Call, given: Document) -> Document:
    """A clock's advance fails for good, the one under way or the next: {test_clock}."""
    test_clock = call.need(CLOCK, given["test_clock"], "test_clock")
    test_clock["_fails"] = True
    if test_clock["status"] == "advancing":
        clock_advance.arrive(call, test_clock)
    return {"status": test_clock["status"]}


def age(call: Call, given: Document) -> Document:
    """Make every clock, or one, older by some seconds: {seconds, test_clock?}. Its frozen time stays."""
    chosen = [one for one in call.store.living(CLOCK) if given.get("test_clock", one["id"]) == one["id"]]
    for test_clock in chosen:
        for name in ("created", "deletes_after"):
            test_clock[name] -= int(given["seconds"])
    return {"test_clocks": [one["id"] for one in chosen]}
