"""Findings about this machine."""

import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from sqlalchemy import update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.health.findings.machine import storage
from billingportal.models import JobRun
from tests.domain.health.provoked.row import Provoked
from tests.support.health.checks import beat
from tests.support.stripe.worlds import World

Usage = namedtuple("Usage", "total used free")


def fill_disk(_: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shutil, "disk_usage", lambda folder: Usage(100 * storage.GIGABYTE, 0, storage.GIGABYTE))


def make_room(_: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shutil, "disk_usage", lambda folder: Usage(100 * storage.GIGABYTE, 0, 50 * storage.GIGABYTE))


def grow(_: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(storage, "LARGE_DATABASE", 1)


def shrink(_: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(storage, "LARGE_DATABASE", 20 * storage.GIGABYTE)


def stop_worker(_: World, __: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.execute(update(JobRun).values(reported_at=now() - timedelta(minutes=3)))


def start_worker(world: World, _: pytest.MonkeyPatch) -> None:
    beat(world)


def change_job(**values: object) -> None:
    with transaction() as session:
        session.execute(update(JobRun).values(**values))


def fail(_: World, __: pytest.MonkeyPatch) -> None:
    change_job(failures_in_a_row=3, last_error="ValueError: no such thing", failed_at=now())


def succeed(_: World, __: pytest.MonkeyPatch) -> None:
    change_job(failures_in_a_row=0)


def hang(_: World, __: pytest.MonkeyPatch) -> None:
    change_job(started_at=now() - timedelta(hours=3), due_at=now() - timedelta(hours=3))


def run_on(_: World, __: pytest.MonkeyPatch) -> None:
    change_job(ended_at=now(), due_at=now() + timedelta(seconds=5))


ROWS = (
    Provoked("disk.low", fill_disk, "1.0 GB free", "events, usage and sign-ups are refused", make_room),
    Provoked("database.size", grow, "The database has", "Nothing is wrong", shrink),
    Provoked("job.failing", fail, "“beat” failed 3 times in a row", "ValueError: no such thing", succeed),
    Provoked("job.late", hang, "has been running since", "Restart the worker", run_on),
    Provoked("worker.gone", stop_worker, "has been silent since", "no usage is sent to Stripe", start_worker),
)
