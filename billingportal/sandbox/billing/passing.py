"""Time that passes on a test clock: what happens by itself until then, one thing after the other."""

from billingportal.sandbox.call import Call
from billingportal.sandbox.wire import Document


def advance(call: Call, test_clock: Document, target: int) -> None:
    """Let everything happen that is due until `target`, in seconds."""
    test_clock["frozen_time"] = target
    call.moment = target
