"""The background worker: runs every job again and again, each in its own thread, until it is told to end."""

import logging
import os
import signal
import threading

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from billingportal.database.outages import Outage
from billingportal.jobs import JOBS, Job
from billingportal.portal import current_portal

log = logging.getLogger(__name__)

# Below Stripe's 25 calls a second in test mode, so that forms and clients always find room.
CALLS_PER_SECOND = 10
# Seconds that a job under way may take to finish when the worker is told to end.
GRACE = 5


def run_job(app: Flask, job: Job) -> None:
    """One run of a job, with its own database session."""
    with app.app_context():
        job(current_portal())


def run_again_and_again(app: Flask, job: Job, outage: Outage) -> None:
    """One run of a job that will run again: that the database is away or busy is no failure of the job."""
    with outage.endured():
        run_job(app, job)


def make_scheduler(app: Flask) -> BackgroundScheduler:
    """Every job at its interval. One that fails is logged by the scheduler and runs again at its next time."""
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(len(JOBS))},
        job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        timezone="UTC",
    )
    outage = Outage()
    for job, seconds in JOBS:
        scheduler.add_job(
            run_again_and_again, "interval", (app, job, outage), seconds=seconds, id=job.__name__, name=job.__name__
        )
    return scheduler


def work(app: Flask) -> None:
    """Run the jobs until SIGTERM or SIGINT, then end the process within a few seconds."""
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    scheduler = make_scheduler(app)
    scheduler.start()
    log.info("the worker runs %s jobs", len(JOBS))
    told_to_end.wait()
    end(scheduler)


def end(scheduler: BackgroundScheduler) -> None:
    """Let the jobs under way finish. One that takes longer is cut off: each goes on where its last commit was."""
    ending = threading.Thread(target=scheduler.shutdown, daemon=True)
    ending.start()
    ending.join(GRACE)
    log.info("the worker has ended")
    if ending.is_alive():
        logging.shutdown()
        os._exit(0)
