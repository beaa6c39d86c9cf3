"""This machine's clock beside Stripe's `Date`, as the last check of an account measured it."""

from functools import partial

from billingportal.clock import now
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.connection.account import confirmed, refuse_dead_key, subject
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.models.connection.processor_account import MODES, Mode

# Seconds. Signatures are refused from five minutes on, and the order of events is judged to the second.
MOST = 2
MEANING = (
    "Events may be applied in the wrong order, from five minutes on every message of Stripe’s is refused, and usage "
    "may be billed in the wrong period. Let a time service set the clock."
)


def check_clock(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck when Stripe was not asked lately, or the key does not work."""
    with surroundings.reading() as session:
        seen = confirmed(session, mode)
        if seen is None:
            return Result((), now())
        refuse_dead_key(seen.account)
        skew = seen.account.clock_skew_seconds or 0
        about = subject(seen.account)
    if abs(skew) <= MOST:
        return Result((), seen.as_of)
    title = f"This machine’s clock is {counted(abs(skew), 'seconds')} {'ahead' if skew > 0 else 'behind'}"
    action = Action("See this machine", "page", "machine")
    return Result((Found("clock.skew", title, MEANING, action, about, mode),), seen.as_of)


CHECKS = tuple(
    Check(
        f"clock.{mode}",
        "This machine’s clock agrees with Stripe’s",
        "machine",
        ("clock.skew",),
        60,
        partial(check_clock, mode=mode),
        mode,
    )
    for mode in MODES
)
