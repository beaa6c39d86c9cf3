"""The background worker: runs every job again and again, each in its own thread, until it is told to end."""

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
from billingportal.jobs.job import Job
from billingportal.jobs.schedule import JOBS
from billingportal.portal import current_portal

log = logging.getLogger(__name__)

# Below Stripe's 25 calls a second in test mode, so that forms and clients always find room.
CALLS_PER_SECOND = 10
# Seconds that a job under way may take to finish when the worker is told to end.
GRACE = 5
# Seconds between two looks at which jobs are due: less than the shortest interval.
LOOK_EVERY = 0.1


def run_job(app: Flask, job: Job) -> None:
    """One run of a job, with its own database session."""
    with app.app_context():
        job.run(current_portal())


def run_again_and_again(app: Flask, job: Job, outage: Outage) -> None:
    """One run of a job that will run again: that the database is away or busy is no failure of the job."""
    with outage.endured():
        run_job(app, job)


class RepeatedJob:
    """A job at its interval, which the monotonic clock measures: the time of day may be set forward or back meanwhile.

    It never runs twice at once, and what was missed while it ran is not made up for.
    """

    def __init__(self, name: str, run: Callable[[], None], seconds: float) -> None:
        self.name = name
        self._run = run
        self._seconds = seconds
        self._due_at = time.monotonic() + seconds
        self._under_way: Future[None] | None = None

    def look(self, pool: ThreadPoolExecutor) -> None:
        """Start the next run when it is time. A run that failed is logged; the next one comes all the same."""
        if self._under_way is not None:
            if not self._under_way.done():
                return
            self._report(self._under_way)
            self._under_way = None
        moment = time.monotonic()
        if moment >= self._due_at:
            self._due_at = max(self._due_at + self._seconds, moment)
            self._under_way = pool.submit(self._run)

    def _report(self, run: "Future[None]") -> None:
        error = run.exception()
        if error is not None:
            log.error("the job %s raised an exception", self.name, exc_info=error)


def repeated_jobs(app: Flask) -> list[RepeatedJob]:
    """Every job of the portal at its interval."""
    outage = Outage()
    return [RepeatedJob(job.name, partial(run_again_and_again, app, job, outage), job.seconds) for job in JOBS]


def work(app: Flask) -> None:
    """Run the jobs until SIGTERM or SIGINT, then end the process within a few seconds."""
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    jobs = repeated_jobs(app)
    pool = ThreadPoolExecutor(len(jobs))
    log.info("the worker runs %s jobs", len(jobs))
    while not told_to_end.wait(LOOK_EVERY):
        for job in jobs:
            job.look(pool)
    end(pool)


def end(pool: ThreadPoolExecutor) -> None:
    """Let the jobs under way finish. One that takes longer is cut off: each goes on where its last commit was."""
    ending = threading.Thread(target=pool.shutdown, daemon=True)
    ending.start()
    ending.join(GRACE)
    log.info("the worker has ended")
    if ending.is_alive():
        logging.shutdown()
        os._exit(0)
