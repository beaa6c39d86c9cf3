"""Compares Stripe's total of a day with the events that Stripe took. Pure: no database, no Stripe, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from billingportal.domain.metering.ledger.contributions import TAKEN, contributions, takes_newest, total
from billingportal.domain.metering.ledger.subsets import only_subset
from billingportal.models import Meter, MeterEvent

# Stripe counts with a delay. After an hour a difference is an alarm.
DELAY = timedelta(hours=1)
Verdict = Literal["equal", "on_its_way", "missing", "more"]


@dataclass(frozen=True)
class Comparison:
    """`by` is how many units are missing, or how many more Stripe has. `suspects`: the events that may be missing;
    `is_certain` where no other events explain the difference as well. `at_stripe` is Stripe's total as a whole number.
    """

    verdict: Verdict
    at_stripe: int
    by: int = 0
    suspects: tuple[MeterEvent, ...] = ()
    is_certain: bool = False


def compare(meter: Meter, events: Sequence[MeterEvent], found: Decimal, asked_at: datetime) -> Comparison:
    """How Stripe's total `found` of one UTC day relates to the day's events, as of the time when Stripe was asked.

    What was sent within the last hour, and what has no answer yet, may be in the total or not.
    """
    billed = [event for event in events if event.billed_stripe_item_id is None]
    counted = [event for event in billed if event.state in TAKEN]
    expected = total(contributions(meter, counted), counted)
    at_stripe = whole(found, expected)
    if at_stripe == expected:
        return Comparison("equal", at_stripe)
    low, high = bounds(meter, billed, asked_at)
    if low <= at_stripe <= high:
        return Comparison("on_its_way", at_stripe)
    if at_stripe > high and not is_earlier_level(meter, counted, at_stripe):
        return Comparison("more", at_stripe, at_stripe - high)
    by = low - at_stripe if at_stripe < low else at_stripe - high
    suspects, is_certain = explain(meter, counted, by)
    return Comparison("missing", at_stripe, by, tuple(suspects), is_certain)


def whole(found: Decimal, expected: int) -> int:
    """The total as a whole number. Ours are whole, so a fraction never becomes equal by rounding."""
    return int(found.to_integral_value(ROUND_CEILING if found > expected else ROUND_FLOOR))


def bounds(meter: Meter, events: Sequence[MeterEvent], asked_at: datetime) -> tuple[int, int]:
    """The least and the greatest total that agree with what Stripe took."""
    firm = [event for event in events if is_firm(event, asked_at)]
    young = [event for event in events if is_open(event) and event not in firm]
    if takes_newest(meter):
        steps = [total(contributions(meter, firm), firm)]
        for event in sorted(young, key=lambda event: (event.at, event.id)):
            firm.append(event)
            steps.append(total(contributions(meter, firm), firm))
        return min(steps), max(steps)
    adds = contributions(meter, events)
    sure = total(adds, firm)
    return sure + sum(min(adds[one.id], 0) for one in young), sure + sum(max(adds[one.id], 0) for one in young)


def is_open(event: MeterEvent) -> bool:
    """Whether Stripe took it, or may have: an attempt without an answer, an adjustment that is not complete."""
    return event.state in TAKEN or event.state == "cancelling" or (event.state == "due" and event.attempts > 0)


def is_firm(event: MeterEvent, asked_at: datetime) -> bool:
    """Whether Stripe must have counted it by now."""
    sent_at = event.sent_at or event.first_sent_at
    return event.state in TAKEN and (event.state == "confirmed" or sent_at is None or sent_at <= asked_at - DELAY)


def is_earlier_level(meter: Meter, events: Sequence[MeterEvent], at_stripe: int) -> bool:
    """Whether Stripe has an earlier level of the day: then a later, lower one is missing."""
    return meter.aggregation == "last" and any(event.value == at_stripe for event in events)


def explain(meter: Meter, events: Sequence[MeterEvent], by: int) -> tuple[list[MeterEvent], bool]:
    """The events whose loss explains that so many units are missing, and whether nothing else explains it.

    First those that got no answer, then those that no total has confirmed, then all. Where several sets explain it,
    or none, it is all that may be missing.
    """
    adds = contributions(meter, events)
    adding = [event for event in events if adds[event.id]]
    unconfirmed = [event for event in adding if event.state != "confirmed"]
    doubtful = [event for event in adding if event.state == "in_doubt"]
    for pool in (doubtful, unconfirmed, adding):
        if pool and total(adds, pool) == by:
            return pool, True
    for pool in (doubtful, unconfirmed, adding):
        chosen = only_subset([(event, adds[event.id]) for event in pool], by)
        if chosen:
            return chosen, True
    return unconfirmed or adding, False
