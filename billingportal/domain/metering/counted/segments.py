"""Days cut where billing periods end: no meter event reaches across either. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from billingportal.domain.usage.counting.sums import day_of
from billingportal.domain.usage.periods import Period, period_in

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# Stripe takes timestamps of the last 35 days. A day less, so that an event may wait before it is sent.
REACH = timedelta(days=34)
# Records are kept for 100 days, so what they add up to is known for so long.
KNOWN = timedelta(days=99)
Key = tuple[date, datetime]


@dataclass(frozen=True)
class Span:
    """When a meter bills a client: from `begins_at` until `ends_at`, by a subscription since `billed_from`."""

    begins_at: datetime
    ends_at: datetime | None = None
    billed_from: datetime | None = None


@dataclass(frozen=True)
class Segment:
    """`[starts_at, ends_at)`, within one UTC day and one billing period. What was used since `counts_from` counts."""

    day: date
    period: Period
    starts_at: datetime
    ends_at: datetime
    counts_from: datetime

    @property
    def key(self) -> Key:
        return self.day, self.period.starts_at

    @property
    def is_whole_day(self) -> bool:
        return self.counts_from == start_of(self.day) and self.ends_at == start_of(self.day) + DAY

    def event_time(self, moment: datetime) -> datetime:
        """The timestamp of an event that is prepared now: the second before, else the segment's last second.

        A subscription that is changed or ends this very second has what was used before it; a test clock stands still.
        """
        last = max(self.starts_at, self.ends_at - SECOND)
        return min(max(moment - SECOND, self.starts_at), last)


def segment_of(periods: Sequence[Period], at: datetime) -> Segment:
    """The segment of an event's timestamp, from there on."""
    day, period = day_of(at), period_in(periods, at)
    return Segment(day, period, at, min(start_of(day) + DAY, period.ends_at), at)


def segments_of(periods: Sequence[Period], span: Span, moment: datetime) -> list[Segment]:
    """The segments of a meter that have begun by the client's time `moment`, as far back as use is known.

    What was used in the last days before the subscription counts in its first segment.
    """
    known_from = max(span.begins_at, start_of(day_of(moment - KNOWN)))
    until = moment if span.ends_at is None else min(moment, span.ends_at)
    if span.billed_from is None or span.billed_from <= known_from:
        return list(cut(periods, known_from, until, span.ends_at))
    mapped_from = max(known_from, start_of(day_of(span.billed_from - REACH)))
    before = cut(periods, known_from, mapped_from - timedelta(microseconds=1), mapped_from)
    first, *others = cut(periods, span.billed_from, max(until, span.billed_from), span.ends_at)
    mapped = Segment(first.day, first.period, first.starts_at, first.ends_at, mapped_from)
    return [*before, mapped, *others]


def cut(periods: Sequence[Period], start: datetime, until: datetime, end: datetime | None) -> Iterator[Segment]:
    """The segments that begin in `[start, until]`, the last one cut at `end`."""
    at = start
    while at <= until and (end is None or at < end):
        day, period = day_of(at), period_in(periods, at)
        ends_at = min(start_of(day) + DAY, period.ends_at, *([end] if end else ()))
        yield Segment(day, period, at, ends_at, at)
        at = ends_at


def start_of(day: date) -> datetime:
    """The beginning of a UTC day."""
    return datetime.combine(day, time(), UTC)
