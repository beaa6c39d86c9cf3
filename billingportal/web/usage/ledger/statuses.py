"""The statuses of the ledger's days and of meter events, in words with icons."""

from dataclasses import dataclass

from billingportal.domain.common.plurals import counted
from billingportal.domain.common.severity import Severity
from billingportal.domain.metering.ledger.listing import LedgerDay
from billingportal.models import MeterEvent, MeterSum
from billingportal.models.metering.meter_event import MeterEventState


@dataclass(frozen=True)
class Status:
    severity: Severity
    words: str
    symbol: str | None = None


EQUAL = Status("ok", "Equal")
ON_ITS_WAY = Status("info", "On its way", "clock")
EVENTS: dict[MeterEventState, Status] = {
    "waiting": Status("info", "Waiting for a customer", "player-pause"),
    "due": Status("info", "Due", "clock"),
    "sent": Status("info", "Sent"),
    "confirmed": Status("ok", "Confirmed"),
    "rejected": Status("bad", "Rejected"),
    "in_doubt": Status("warn", "In doubt", "help-circle"),
    "cancelling": Status("mute", "Being cancelled", "arrow-back-up"),
    "cancelled": Status("mute", "Cancelled", "arrow-back-up"),
    "too_late": Status("warn", "Too late", "clock"),
    "let_go": Status("mute", "Not billed"),
}


def event_status(event: MeterEvent) -> Status:
    """What became of a meter event. One that was billed otherwise is no problem any more."""
    if event.billed_stripe_item_id is not None:
        return Status("info", "Billed on an invoice", "receipt")
    return EVENTS[event.state]


def result_of(day: LedgerDay) -> Status:
    """How the columns of one day relate, the most urgent first."""
    states = day.states
    if day.differs_since is not None:
        by = f"{abs(day.differs_by):,}"
        return Status("bad", f"{by} missing at Stripe" if day.differs_by < 0 else f"{by} more at Stripe")
    if "rejected" in states:
        return Status("bad", f"{states['rejected']:,} rejected")
    if "too_late" in states:
        return Status("warn", f"{states['too_late']:,} too late", "clock")
    if "in_doubt" in states:
        return EVENTS["in_doubt"]
    if "waiting" in states:
        return Status("info", "Held back", "player-pause")
    is_equal = (day.at_stripe if day.at_stripe is not None else 0) == day.sent and not day.waiting
    return EQUAL if is_equal else ON_ITS_WAY


def sum_status(total: MeterSum, differing: int) -> Status:
    """How the sums of one meter relate, where so many days of clients differ."""
    if differing:
        return Status("bad", counted(differing, "differences"))
    return EQUAL if total.counted == total.at_stripe else Status("info", "Sent, Stripe is counting", "clock")
