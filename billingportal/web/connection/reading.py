"""How far the account has been read, in the words of the Payment Processor page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.sync import cursor, event_log, failed_reads
from billingportal.domain.sync.object_types import KINDS
from billingportal.models import CatchUp, FailedRead
from billingportal.models.connection.failed_read import WHOLE_LIST
from billingportal.stripe_gateway.listings import WALKS

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Failure:
    """An object, or all objects of a type, that Stripe has and the portal could not read."""

    words: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """`progress` says where a running read is; `waiting` counts objects whose events are not applied yet."""

    is_running: bool
    progress: str
    complete_up_to: datetime | None
    waiting: int
    problem: str | None
    failures: tuple[Failure, ...]
    failed_events: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing that Stripe has is missing here."""
        return self.complete_up_to is not None and not self.waiting and not self.failures

    @property
    def waiting_words(self) -> str:
        return f"{self.waiting:,} {'object' if self.waiting == 1 else 'objects'} still to read"


def reading(session: Session, catch_up: CatchUp | None) -> Reading:
    """How far the account has been read. The time is rounded down to the minute."""
    if catch_up is None:
        return Reading(False, "", None, 0, None, (), 0)
    found = cursor.completeness(session, catch_up)
    failures = failed_reads.shown_failures(session, catch_up.processor_account_id)
    is_running = catch_up.requested_at is not None or catch_up.walk is not None
    return Reading(
        is_running=is_running and catch_up.problem is None,
        progress=progress_words(catch_up) if is_running else "",
        complete_up_to=found.up_to and found.up_to.replace(second=0, microsecond=0),
        waiting=found.waiting,
        problem=catch_up.problem,
        failures=tuple(Failure(failure_words(row), row.reason) for row in failures),
        failed_events=event_log.count_failed(session, catch_up.processor_account_id),
    )


def progress_words(catch_up: CatchUp) -> str:
    """`Reading invoices, list 8 of 12: 4,300 objects so far, about 3 minutes left`."""
    if catch_up.walk not in WALKS:
        return "Reading what is new"
    done = f"{catch_up.objects_read:,} {'object' if catch_up.objects_read == 1 else 'objects'} so far"
    if not catch_up.is_full_read:
        return f"Reading {catch_up.walk} again: {done}"
    progress = cursor.progress(catch_up, now())
    left = f", {time_words(progress.left)} left" if progress.left is not None else ""
    return f"Reading {catch_up.walk}, list {progress.position} of {len(WALKS)}: {done}{left}"


def time_words(left: timedelta) -> str:
    """In minutes, as the estimate is rough."""
    minutes = left // MINUTE
    if minutes == 0:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} {'minute' if minutes == 1 else 'minutes'}"
    hours = round(left / timedelta(hours=1))
    return f"about {hours} {'hour' if hours == 1 else 'hours'}"


def failure_words(row: FailedRead) -> str:
    if row.object_id == WHOLE_LIST:
        return f"All {plural_of(row.object_type)}"
    name = KINDS[row.object_type].words if row.object_type in KINDS else row.object_type
    return f"{name.capitalize()} {row.object_id}"


def plural_of(object_type: str) -> str:
    """`prices` for `price`: the name of its last list."""
    names = [name for name, walk in WALKS.items() if walk.kind == object_type]
    return names[-1].removeprefix("archived ") if names else f"{object_type}s"
