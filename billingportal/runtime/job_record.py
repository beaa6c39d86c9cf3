"""The record of the worker's jobs: every few seconds one transaction stores the last run of each.

It is the worker's heartbeat too: the newest of these rows says when a worker was last there.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

from sqlalchemy import Table, delete

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.sync.row_sql import dialect_of, insert_into
from billingportal.models import JobRun

# Seconds between two records, well below what a silent worker is given.
RECORD_EVERY = 10
LONGEST_ERROR = 500
# A row that no worker has written for this long is about a job that is gone.
FORGOTTEN_AFTER = timedelta(minutes=10)
JOB_RUNS = cast(Table, JobRun.__table__)


@dataclass
class Runs:
    """The runs of one job in this process."""

    name: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    milliseconds: int | None = None
    failures_in_a_row: int = 0
    last_error: str = ""
    failed_at: datetime | None = None

    def begin(self) -> None:
        self.started_at = now()

    def end(self, seconds: float, error: BaseException | None) -> None:
        """Note a run's end. `seconds` were measured by the monotonic clock."""
        self.ended_at, self.milliseconds = now(), round(1000 * seconds)
        if error is None:
            self.failures_in_a_row = 0
            return
        self.failures_in_a_row += 1
        self.failed_at = self.ended_at
        self.last_error = f"{type(error).__name__}: {error}".partition("\n")[0][:LONGEST_ERROR]


class Recorded(Protocol):
    """A job with its runs. `seconds_to_next` is negative while the next one is overdue."""

    runs: Runs

    def seconds_to_next(self) -> float: ...


def record(jobs: Sequence[Recorded]) -> None:
    """Store the last run of each job, in one transaction. Rows of jobs that no worker has any more go."""
    moment = now()
    rows = [row_of(job, moment) for job in jobs]
    with transaction() as session:
        adding = insert_into(JOB_RUNS, dialect_of(session))
        new = {name: adding.excluded[name] for name in rows[0] if name != "name"}
        session.execute(adding.on_conflict_do_update(index_elements=[JOB_RUNS.c.name], set_=new), rows)
        session.execute(delete(JobRun).where(JobRun.reported_at < moment - FORGOTTEN_AFTER))


def row_of(job: Recorded, moment: datetime) -> dict[str, object]:
    return {
        **asdict(job.runs),
        "due_at": moment + timedelta(seconds=job.seconds_to_next()),
        "reported_at": moment,
    }
