"""How much each meter event adds to Stripe's total of a day, by the meter's formula. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from billingportal.models import Meter, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

# Stripe took these, or may have.
TAKEN: frozenset[MeterEventState] = frozenset({"sent", "confirmed", "in_doubt"})


def contributions(meter: Meter, events: Sequence[MeterEvent]) -> dict[int, int]:
    """By event id. Of the last level, and of a meter with a window, only the newest event of each window adds."""
    if meter.aggregation == "count":
        return {event.id: 1 for event in events}
    if not takes_newest(meter):
        return {event.id: event.value for event in events}
    newest = {event.id for event in newest_of_each(meter, events)}
    return {event.id: event.value if event.id in newest else 0 for event in events}


def takes_newest(meter: Meter) -> bool:
    """Whether a later event replaces an earlier one, instead of adding to it."""
    return meter.aggregation == "last" or meter.event_time_window is not None


def newest_of_each(meter: Meter, events: Iterable[MeterEvent]) -> list[MeterEvent]:
    """The newest event of each window, the earliest window first."""
    found: dict[datetime | None, MeterEvent] = {}
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        found[window_of(meter, event)] = event
    return list(found.values())


def window_of(meter: Meter, event: MeterEvent) -> datetime | None:
    """The start of the event's hour; None where the whole day is one window."""
    hourly = meter.event_time_window == "hour" and meter.aggregation != "last"
    return event.at.replace(minute=0, second=0, microsecond=0) if hourly else None


def total(adds: Mapping[int, int], events: Iterable[MeterEvent]) -> int:
    """What these events add."""
    return sum(adds[event.id] for event in events)
