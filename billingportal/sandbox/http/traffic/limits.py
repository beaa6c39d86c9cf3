"""Stripe's limiters: calls in some seconds by mode, and one call in flight per customer and meter."""

import time
from collections import deque

from billingportal.sandbox.billing.metering.checks import customer_key, meter_of
from billingportal.sandbox.http import form_encoding
from billingportal.sandbox.http.errors import Refused, too_many_requests
from billingportal.sandbox.http.wire import Request
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.store import Account, Store

METER_EVENTS = "/v1/billing/meter_events"
# Account, mode, event name and customer of a call that reports usage.
Lane = tuple[str, str, str, str]


class Limits:
    """What is in flight and what was answered within the last seconds. Used while the world's lock is held."""

    def __init__(self) -> None:
        self.in_flight: set[Lane] = set()
        self.recent: dict[tuple[str, str], deque[float]] = {}

    def enter(self, account: Account, store: Store, request: Request) -> Lane | None:
        """Let a call in. Raises Refused (429) for one too many; `leave` is to be called with what is returned."""
        reports = request.method == "POST" and request.path.rstrip("/") == METER_EVENTS
        self.count(account, "live_meter_events" if reports and store.livemode else store.mode)
        lane = lane_of(store, request) if reports else None
        if lane is not None:
            if lane in self.in_flight:
                raise too_many_requests("resource-specific")
            self.in_flight.add(lane)
        return lane

    def leave(self, lane: Lane | None) -> None:
        """The call was answered."""
        if lane is not None:
            self.in_flight.discard(lane)

    def count(self, account: Account, name: str) -> None:
        """Count a call under the limit of a name. Raises Refused (429) where the last seconds are full."""
        limits = setting(account, "rate_limits")
        if not limits[name]:
            return
        recent, now = self.recent.setdefault((account.id, name), deque()), time.monotonic()
        while recent and recent[0] <= now - limits["seconds"]:
            recent.popleft()
        if len(recent) >= limits[name]:
            raise too_many_requests("endpoint-rate" if name == "live_meter_events" else "global-rate")
        recent.append(now)


def lane_of(store: Store, request: Request) -> Lane | None:
    """The customer and meter of a report; None where it has no payload."""
    try:
        given = form_encoding.decode(request.body)
    except Refused:
        return None
    name, payload = given.get("event_name"), given.get("payload")
    if not isinstance(name, str) or not isinstance(payload, dict):
        return None
    return (store.account, store.mode, name, str(payload.get(customer_key(meter_of(store, name)), "")))
