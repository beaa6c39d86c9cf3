"""The record of the worker's jobs."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.models import JobRun
from billingportal.runtime.job_record import record
from billingportal.runtime.worker import RepeatedJob, recorder, repeated_jobs


def break_down() -> None:
    raise ValueError("no such thing\nand more")


def run_once(job: RepeatedJob) -> None:
    """Start the job, wait for its end, and note it."""
    with ThreadPoolExecutor(1) as pool:
        job.look(pool)
    with ThreadPoolExecutor(1) as pool:
        job.look(pool)


def rows(session: Session) -> Sequence[JobRun]:
    session.rollback()
    return session.scalars(select(JobRun).order_by(JobRun.name)).all()


def test_every_job_is_recorded_with_its_last_run(app: Flask, session: Session) -> None:
    good, bad = RepeatedJob("good", lambda: None, 0), RepeatedJob("bad", break_down, 0)
    waiting = RepeatedJob("waiting", lambda: None, 3600)
    for job in (good, bad):
        run_once(job)
    record([good, bad, waiting])
    seen = {row.name: row for row in rows(session)}
    assert (seen["good"].failures_in_a_row, seen["good"].last_error) == (0, "")
    assert seen["good"].milliseconds is not None
    assert seen["bad"].failures_in_a_row >= 1
    assert seen["bad"].last_error == "ValueError: no such thing"
    assert seen["waiting"].started_at is None
    assert seen["waiting"].due_at is not None
    assert seen["waiting"].due_at > now() + timedelta(minutes=50)


def test_a_second_record_replaces_the_first_and_jobs_that_are_gone_leave(app: Flask, session: Session) -> None:
    with transaction() as writing:
        old = now() - timedelta(hours=1)
        writing.add(JobRun(name="gone", reported_at=old, failures_in_a_row=0, last_error=""))
    bad = RepeatedJob("bad", break_down, 0)
    record([bad])
    run_once(bad)
    record([bad])
    (row,) = rows(session)
    assert (row.name, row.failures_in_a_row >= 1) == ("bad", True)


def test_the_worker_records_all_its_jobs(app: Flask, session: Session) -> None:
    jobs = repeated_jobs(app)
    last = recorder(app, jobs)
    last._run()
    assert {row.name for row in rows(session)} == {job.runs.name for job in jobs}
