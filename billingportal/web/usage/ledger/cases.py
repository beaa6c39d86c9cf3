"""The differences of the ledger as people read them: cause, what to do with the money, and the actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day as day_text
from billingportal.domain.common.plurals import counted
from billingportal.domain.common.shown_amounts import ShownAmount
from billingportal.domain.metering.ledger import late_use
from billingportal.domain.metering.ledger.asks import REACH
from billingportal.domain.metering.ledger.concerned import FORGOTTEN, SEEN, concerned, resendable
from billingportal.domain.metering.ledger.differences import Difference
from billingportal.domain.metering.ledger.keys import DifferenceKey, Kind
from billingportal.models import MeterEvent
from billingportal.web.usage.ledger.days import short_day
from billingportal.web.usage.ledger.statuses import EVENTS, Status

EVENTS_UNIT = "meter events"


@dataclass(frozen=True)
class Case:
    """A difference in words. `resends` are the events that may be sent once more; `shown` is what a button bills."""

    difference: Difference
    status: Status
    cause: str
    todo: str
    resends: int
    shown: ShownAmount | None
    may_be_let_go: bool

    @property
    def kind(self) -> Kind:
        return self.difference.key.kind

    @property
    def day_words(self) -> str:
        return "" if self.kind == "held" else short_day(self.difference.key.day)


def case_of(session: Session, difference: Difference, moment: datetime) -> Case:
    events = concerned(session, difference)
    resends = len(resendable(session, difference, events, moment))
    is_billable = late_use.is_billable(difference) and bool(events)
    return Case(
        difference,
        status_of(difference),
        cause_of(difference, events),
        todo_of(difference, events, resends, is_billable=is_billable),
        resends,
        late_use.shown(difference) if is_billable else None,
        late_use.may_be_let_go(difference) and bool(events),
    )


def status_of(difference: Difference) -> Status:
    units = f"{difference.units:,}"
    found: dict[Kind, Status] = {
        "missing": Status("bad", f"{units} missing at Stripe"),
        "rejected": Status("bad", f"{units} rejected"),
        "more": Status("bad", f"{units} more at Stripe"),
        "late": Status("warn", "Too late to bill", "clock"),
        "held": Status("info", "Held back", "player-pause"),
        "doubt": EVENTS["in_doubt"],
    }
    return found[difference.key.kind]


def cause_of(difference: Difference, events: Sequence[MeterEvent]) -> str:
    key, resource = difference.key, difference.owner.resource
    number, units = counted(key.count or len(events), EVENTS_UNIT), counted(difference.units, resource.unit)
    if key.kind == "missing":
        return missing_words(difference, events)
    if key.kind == "rejected":
        return f"Stripe rejected {number}. {key.problem}".strip()
    if key.kind == "more":
        return f"Somebody else reports to this meter: Stripe has {units} that were never counted here."
    if key.kind == "late":
        done = "taken back" if key.value < 0 else "reported"
        return (
            f"{units} {'was' if difference.units == 1 else 'were'} {done} after the invoice of their period was final."
        )
    if key.kind == "held":
        lacks = "no Stripe customer" if difference.billing is None else "no subscription that bills it"
        return f"{units} since {day_text(key.day)}. The client has {lacks} yet."
    return f"Nobody can say yet whether Stripe has counted {number}. {key.problem}".strip()


def missing_words(difference: Difference, events: Sequence[MeterEvent]) -> str:
    units = counted(difference.units, difference.owner.resource.unit)
    if not events:
        return f"Stripe's total lacks {units}, and no events of the day add up to that."
    number = counted(len(events), EVENTS_UNIT)
    if all(event.sent_at is None for event in events):
        return f"{number} got no answer and never arrived."
    return f"Stripe took {number}, and its total lacks them."


def todo_of(difference: Difference, events: Sequence[MeterEvent], resends: int, *, is_billable: bool) -> str:
    key = difference.key
    about = f" About {difference.amount}." if difference.amount is not None and difference.amount.minor else ""
    if key.kind == "more":
        charged = f" about {difference.amount}" if about else ""
        find = "Find the program that sends meter events with your Stripe account, and stop it."
        return f"{find} The client is charged{charged} for them."
    if key.kind == "held":
        return f"Sent as soon as it subscribes. Stripe takes them until {day_text(key.day + REACH)}.{about}"
    if key.kind == "doubt":
        due = difference.owner.row.compare_after
        at = f" Stripe is asked again at {due:%H:%M} UTC." if due else ""
        return f"Nothing to do yet: Stripe's totals will tell.{at}"
    if late_use.may_be_let_go(difference):
        return closed_words(difference, is_billable=is_billable)
    if resends:
        return f"{resend_words(key)}{about}"
    if key.kind == "rejected":
        return f"It can be resent here once Stripe would take it.{about}"
    tried = (one.first_sent_at or one.sent_at for one in events)
    newest = max((at for at in tried if at is not None), default=None)
    wait = f" You can resend them from {newest + FORGOTTEN:%d %b, %H:%M} UTC, unless they arrive." if newest else ""
    return f"Not sent again by themselves: that might count them twice.{wait}{about}"


def resend_words(key: DifferenceKey) -> str:
    if key.kind == "missing":
        return "Stripe no longer knows their identifiers, so they can be sent once more under new ones."
    if key.reason in SEEN:
        return "The cause is mended, so they can be sent once more under new identifiers."
    return "Resend them once you have mended the cause: they get new identifiers."


def closed_words(difference: Difference, *, is_billable: bool) -> str:
    """What can be done where Stripe takes no more use of the period."""
    if is_billable and difference.billing is not None and difference.amount is not None:
        on = day_text(difference.billing.item.period_ends_at)
        if difference.amount.minor < 0:
            credit = str(difference.amount).replace("-", "")
            return f"Credit {credit} on the next invoice, on {on}, or let it go."
        return f"Bill {difference.amount} as an extra line of the next invoice, on {on}, or let it go."
    if difference.amount is not None and not difference.amount.minor:
        return "It changes nothing in the bill of its period. Let it go."
    return "No next invoice of this client is to come. Bill it in Stripe's dashboard, or let it go."
