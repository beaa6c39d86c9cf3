"""Advances a test clock: runs the automatic actions until then, one after the other."""

import heapq
import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

from billingportal.sandbox import clock
from billingportal.sandbox.billing.time.clocks import customers_on
from billingportal.sandbox.billing.time.due_actions import Happening, first
from billingportal.sandbox.http.call import CLOCK, Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.store import Store

LOG = logging.getLogger(__name__)
FAILED = "internal_failure"


def begin(call: Call, test_clock: Document, target: int, seconds: float = 0) -> Document:
    """Advance a clock. Returns its state during the advance, which lasts some real seconds.

    All actions happen at its start, so their events are delivered while nothing on the clock can be changed. The old
    frozen time is shown until its end.
    """
    start = test_clock["frozen_time"]
    test_clock.update(status="advancing", status_details={"advancing": {"target_frozen_time": target}})
    test_clock.update(_until=clock.precise() + seconds, _fails=fails_on_command(call, test_clock))
    emit(call, f"{CLOCK}.advancing", test_clock)
    # No request caused the automatic actions.
    by_itself = replace(
        call, request_id=None, idempotency_key=None, parameters={}, automatic=True, modifies=False, moment=start
    )
    try:
        advance(by_itself, test_clock, target)
    except Refused:
        LOG.exception("%s could not be advanced", test_clock["id"])
        test_clock["_fails"] = True
    test_clock["frozen_time"] = start
    under_way = deepcopy(test_clock)
    if seconds <= 0:
        arrive(call, test_clock)
    return under_way


def fails_on_command(call: Call, test_clock: Document) -> bool:
    """Whether the control API lets this advance fail: that of the clock, or the next one of any."""
    if call.account.settings.get("clocks", {}).get("fail_next"):
        call.account.settings["clocks"]["fail_next"] -= 1
        return True
    return bool(test_clock.get("_fails"))


def arrive(call: Call, test_clock: Document) -> None:
    """End an advance: the clock is ready, or has failed for good where it stood."""
    fails = test_clock.pop("_fails")
    target = test_clock["status_details"]["advancing"]["target_frozen_time"]
    del test_clock["_until"]
    if fails:
        test_clock.update(status=FAILED, status_details={})
        emit(call, f"{CLOCK}.internal_failure", test_clock)
        return
    test_clock.update(frozen_time=target, status="ready", status_details={})
    call.moment = target
    emit(call, f"{CLOCK}.ready", test_clock)


def arrived(store: Store) -> Iterator[Document]:
    """The clocks whose advance is over."""
    now = clock.precise()
    return (one for one in store.living(CLOCK) if one["status"] == "advancing" and one["_until"] <= now)


def advance(call: Call, test_clock: Document, target: int) -> None:
    """Run all actions that are due until `target`, in seconds, in the order of time.

    A customer's actions depend on that customer alone, so only the customer's own next action is looked up anew.
    """
    queue: list[tuple[Happening, int, Document]] = []

    def plan(position: int, customer: Document) -> None:
        happening = first(call, customer)
        if happening is not None and happening.at <= target:
            heapq.heappush(queue, (happening, position, customer))

    for position, customer in enumerate(customers_on(call, test_clock)):
        plan(position, customer)
    while queue:
        happening, position, customer = heapq.heappop(queue)
        test_clock["frozen_time"] = call.moment = max(happening.at, test_clock["frozen_time"])
        happening.run()
        plan(position, customer)
    test_clock["frozen_time"] = call.moment = target
