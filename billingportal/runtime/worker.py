"""The background worker: runs every job at its interval, each in its own thread, until a signal ends it."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from flask import Flask

from billingportal.database.outages import Outage
from billingportal.jobs.common.job import Job
from billingportal.jobs.schedule import JOBS
from billingportal.portal import current_portal
from billingportal.runtime import job_record
from billingportal.runtime.job_record import Runs

log = logging.getLogger(__name__)

# Below Stripe's 25 calls a second in test mode, so that calls for forms and clients stay within that limit.
CALLS_PER_SECOND = 10
# Seconds that a running job may take to finish when the worker ends.
GRACE = 5
# Seconds between two checks for due jobs: less than the shortest interval.
LOOK_EVERY = 0.1


def run_job(app: Flask, job: Job) -> None:
    """Run a job once, with its own database session."""
    with app.app_context():
        job.run(current_portal())


def run_again_and_again(app: Flask, job: Job, outage: Outage) -> None:
    """Run a repeated job once. A database that is away or busy is no failure: the job will run again."""
    with outage.endured():
        run_job(app, job)


class RepeatedJob:
    """A job with its interval, on the monotonic clock, since the system time may be set forward or back.

    It never runs twice at once, and runs that were missed while it ran are skipped.
    """

    def __init__(self, name: str, run: Callable[[], None], seconds: float) -> None:
        self.runs = Runs(name)
        self._run = run
        self._seconds = seconds
        self._due_at = time.monotonic() + seconds
        self._begun_at = self._due_at
        self._under_way: Future[None] | None = None

    def look(self, pool: ThreadPoolExecutor) -> None:
        """Start the next run when it is due. A failed run is logged; the next one starts all the same."""
        if self._under_way is not None:
            if not self._under_way.done():
                return
            self._report(self._under_way)
            self._under_way = None
        moment = time.monotonic()
        if moment >= self._due_at:
            self._due_at = max(self._due_at + self._seconds, moment)
            self._begun_at = moment
            self.runs.begin()
            self._under_way = pool.submit(self._run)

    def seconds_to_next(self) -> float:
        """Until the next run is due; negative while it is overdue."""
        return self._due_at - time.monotonic()

    def _report(self, run: "Future[None]") -> None:
        error = run.exception()
        self.runs.end(time.monotonic() - self._begun_at, error)
        if error is not None:
            log.error("the job %s raised an exception", self.runs.name, exc_info=error)


def repeated_jobs(app: Flask) -> list[RepeatedJob]:
    """Every job of the portal at its interval."""
    outage = Outage()
    return [RepeatedJob(job.name, partial(run_again_and_again, app, job, outage), job.seconds) for job in JOBS]


def recorder(app: Flask, jobs: list[RepeatedJob]) -> RepeatedJob:
    """The job that stores the runs of the others."""
    outage = Outage()

    def record() -> None:
        with outage.endured(), app.app_context():
            job_record.record(jobs)

    return RepeatedJob("record_jobs", record, job_record.RECORD_EVERY)


def work(app: Flask) -> None:
    """Run the jobs until SIGTERM or SIGINT, then end the process within a few seconds."""
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    jobs = repeated_jobs(app)
    jobs.append(recorder(app, jobs[:]))
    pool = ThreadPoolExecutor(len(jobs))
    log.info("the worker runs %s jobs", len(jobs))
    while not told_to_end.wait(LOOK_EVERY):
        for job in jobs:
            job.look(pool)
    end(pool)


def end(pool: ThreadPoolExecutor) -> None:
    """Wait up to `GRACE` for running jobs, then cut them off: each continues from its last commit next time."""
    ending = threading.Thread(target=pool.shutdown, daemon=True)
    ending.start()
    ending.join(GRACE)
    log.info("the worker has ended")
    if ending.is_alive():
        logging.shutdown()
        os._exit(0)
