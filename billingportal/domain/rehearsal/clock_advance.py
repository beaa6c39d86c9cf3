"""Advances a life's test clock, within Stripe's rules."""

from datetime import datetime, timedelta

from billingportal.domain.offers.offers import Period
from billingportal.domain.rehearsal.calendar import after
from billingportal.domain.rehearsal.stage import ClockFailed, Stage
from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.requests.test_mode.test_clocks import ClockState

# Stripe allows two of the shortest intervals at once, counted from where the clock stands. A month may be cut short.
MOST_INTERVALS, MARGIN = 2, timedelta(days=1)


def advance_to(stage: Stage, clock_id: str, to: datetime, shortest: Period, key: str) -> datetime:
    """Advance step by step and wait for each step; the clock's time then. A clock that is there already stays.

    Raises ClockFailed, Stopped and StripeProblem.
    """
    state = wait_until_ready(stage, clock_id)
    while state.frozen_at < to:
        furthest = after(state.frozen_at, shortest, MOST_INTERVALS)
        furthest -= min(MARGIN, (furthest - state.frozen_at) / 4)
        target = min(to, furthest)
        stage.gateway.test_clocks.advance(clock_id, target, f"{key}-{int(target.timestamp())}")
        state = wait_until_ready(stage, clock_id)
    return state.frozen_at


def wait_until_ready(stage: Stage, clock_id: str) -> ClockState:
    """The clock once it stands still. Raises ClockFailed where Stripe gave it up, or takes too long."""
    for _ in stage.pauses(stage.patience.clock):
        try:
            state = stage.gateway.test_clocks.state(clock_id)
        except NotThere:
            raise ClockFailed("The test clock was deleted at Stripe.") from None
        if state.status == "ready":
            return state
        if state.status == "internal_failure":
            raise ClockFailed("internal_failure: Stripe could not advance the test clock.")
    raise ClockFailed(f"Stripe still advances the test clock after {stage.patience.clock / 60:.0f} minutes.")
