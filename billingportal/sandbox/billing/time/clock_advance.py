"""Advances a test clock: runs the automatic actions until then, one after the other."""

import heapq

from billingportal.sandbox.billing.time.clocks import customers_on
from billingportal.sandbox.billing.time.due_actions import Happening, first
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document


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
