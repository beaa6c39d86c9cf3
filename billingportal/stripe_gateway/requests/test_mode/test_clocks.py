"""Test clocks: the simulated time of a few customers."""

from dataclasses import dataclass
from datetime import datetime

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.objects.fields import moment, optional_text, short_text
from billingportal.stripe_gateway.requests.calls import ask, ask_all


@dataclass(frozen=True)
class ClockState:
    """`status` is Stripe's: `ready`, `advancing` or `internal_failure`, which is final. `created_at` is real time."""

    stripe_test_clock_id: str
    name: str
    status: str
    frozen_at: datetime
    created_at: datetime


class TestClocks:
    """Every method may raise a StripeProblem."""

    __test__ = False

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create(self, name: str, frozen_at: datetime, idempotency_key: str) -> str:
        """Create a clock, perhaps in the past; its id."""
        params: stripe.params.test_helpers.TestClockCreateParams = {
            "name": name,
            "frozen_time": int(frozen_at.timestamp()),
        }
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        answer, _ = ask(lambda: self._client.v1.test_helpers.test_clocks.create(params=params, options=options))
        return short_text(answer, "id")

    def state(self, clock_id: str) -> ClockState:
        """The clock as it is now. Raises NotThere for a deleted one."""
        answer, _ = ask(lambda: self._client.v1.test_helpers.test_clocks.retrieve(clock_id))
        return clock_state(answer)

    def advance(self, clock_id: str, to: datetime, idempotency_key: str) -> None:
        """Begin to advance the clock; Stripe takes seconds to minutes.

        Stripe allows two of the shortest intervals of the clock's subscriptions at once, counted from where it stands.
        """
        params: stripe.params.test_helpers.TestClockAdvanceParams = {"frozen_time": int(to.timestamp())}
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.test_helpers.test_clocks.advance(clock_id, params=params, options=options))

    def delete(self, clock_id: str) -> None:
        """Delete a clock with its customers; one that is deleted already is no error."""
        try:
            ask(lambda: self._client.v1.test_helpers.test_clocks.delete(clock_id))
        except NotThere:
            return

    def all(self) -> list[ClockState]:
        """All clocks of the account that are not deleted."""
        return [clock_state(row) for row in ask_all(self._client.v1.test_helpers.test_clocks.list, {})]


def clock_state(source: JsonObject) -> ClockState:
    return ClockState(
        short_text(source, "id"),
        optional_text(source, "name") or "",
        short_text(source, "status"),
        moment(source, "frozen_time"),
        moment(source, "created"),
    )
