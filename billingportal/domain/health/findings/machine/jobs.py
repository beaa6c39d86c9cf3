"""The worker's jobs: late ones, and those that fail again and again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.due_times import SKEW
from billingportal.domain.health.findings.check import CannotCheck, Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.machine.worker import heartbeat, worker_gone
from billingportal.models import JobRun

# A full read of a large account, an audit or a rehearsal may keep a job busy; this long is not usual.
LATE = timedelta(hours=2)
FAILURES = 3
SEE = Action("See the jobs", "page", "machine")


def listed_jobs(session: Session) -> Sequence[JobRun]:
    """The record of every job, those that fail first."""
    return session.scalars(select(JobRun).order_by(JobRun.failures_in_a_row.desc(), JobRun.name)).all()


def check_jobs(surroundings: Surroundings) -> Result:
    """Raises CannotCheck while no worker reports: then nothing is known of its jobs."""
    moment = now()
    with surroundings.reading() as session:
        if worker_gone(session, moment) is not None:
            raise CannotCheck("No background worker has reported about its jobs for a minute.")
        runs, as_of = listed_jobs(session), heartbeat(session) or moment
        found = [one for run in runs for one in of_run(run, moment)]
    return Result(tuple(found), as_of)


def of_run(run: JobRun, moment: datetime) -> list[Found]:
    found = []
    if run.failures_in_a_row >= FAILURES:
        found.append(failing(run))
    if is_late(run, moment):
        found.append(late(run))
    return found


def is_late(run: JobRun, moment: datetime) -> bool:
    """Its next run should have begun long ago, whether the last one still runs or not."""
    return run.due_at is not None and (run.due_at < moment - LATE or run.due_at > moment + timedelta(days=7) + SKEW)


def failing(run: JobRun) -> Found:
    title = f"The job {words_of(run)} failed {run.failures_in_a_row:,} times in a row"
    meaning = f"Its work waits until it succeeds. The last error: {run.last_error}"
    return Found("job.failing", title, meaning, SEE, f"job:{run.name}")


def late(run: JobRun) -> Found:
    is_running = run.started_at is not None and (run.ended_at is None or run.started_at > run.ended_at)
    since = run.started_at or run.due_at
    clock = f"{since:%H:%M} UTC" if since else "its start"
    state = f"has been running since {clock}" if is_running else f"has not run since {clock}"
    title = f"The job {words_of(run)} {state}"
    return Found(
        "job.late", title, "Its work waits meanwhile. Restart the worker if it stays so.", SEE, f"job:{run.name}"
    )


def words_of(run: JobRun) -> str:
    return f"“{run.name.replace('_', ' ')}”"


CHECKS = (Check("jobs", "The worker’s jobs run and succeed", "machine", ("job.late", "job.failing"), 30, check_jobs),)
