"""All kinds of steps by name."""

from billingportal.domain.rehearsal.steps.beginning import CLIENT, CLOCK
from billingportal.domain.rehearsal.steps.closing import EVENTS
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.renewing import RENEWAL, TRIAL_END, USAGE_END
from billingportal.domain.rehearsal.steps.subscribing import FIRST_INVOICE, SUBSCRIBE
from billingportal.domain.rehearsal.steps.using import USE

KINDS: dict[str, Kind] = {
    "clock": CLOCK,
    "client": CLIENT,
    "subscribe": SUBSCRIBE,
    "first_invoice": FIRST_INVOICE,
    "trial_end": TRIAL_END,
    "use": USE,
    "usage_invoice": USAGE_END,
    "renewal": RENEWAL,
    "events": EVENTS,
}
