"""All kinds of steps by name."""

from billingportal.domain.rehearsal.steps.arrival import CLIENT, CLOCK
from billingportal.domain.rehearsal.steps.cancellation import CANCEL, END, KEEP
from billingportal.domain.rehearsal.steps.clock_probe import PROBE
from billingportal.domain.rehearsal.steps.deliveries import EVENTS
from billingportal.domain.rehearsal.steps.failed_payments import CARD_FAILS, LADDER, REPAIR
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.plan_changes import CHANGE_LATER, CHANGE_NOW, CHANGED, TIME
from billingportal.domain.rehearsal.steps.renewal import RENEWAL, TRIAL_END, USAGE_END
from billingportal.domain.rehearsal.steps.subscription import FIRST_INVOICE, SUBSCRIBE
from billingportal.domain.rehearsal.steps.trial_card import TRIAL_CARD
from billingportal.domain.rehearsal.steps.usage import USE

KINDS: dict[str, Kind] = {
    "clock": CLOCK,
    "client": CLIENT,
    "subscribe": SUBSCRIBE,
    "first_invoice": FIRST_INVOICE,
    "trial_end": TRIAL_END,
    "probe": PROBE,
    "use": USE,
    "usage_invoice": USAGE_END,
    "renewal": RENEWAL,
    "trial_card": TRIAL_CARD,
    "time": TIME,
    "upgrade": CHANGE_NOW,
    "downgrade": CHANGE_LATER,
    "downgraded": CHANGED,
    "card_fails": CARD_FAILS,
    "ladder": LADDER,
    "repair": REPAIR,
    "cancel": CANCEL,
    "keep": KEEP,
    "end": END,
    "events": EVENTS,
}
