"""Hostile requests find no door that breaks, hangs or tells what is not its caller's; and nothing goes unsent."""

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, request

from tests.fuzz.knowledge import PLANTED, Knowledge, keep
from tests.fuzz.recording import Reads
from tests.fuzz.reporting import summary
from tests.fuzz.running import Report, Run, prepare, quick_and_alone
from tests.support.database import PostgresDatabases, SqliteDatabases

# On each of the two databases; many more are sent by ./bin/fuzz.
REQUESTS = 1500
SEED = 8


# A form that is refused unread leaves its uploads to the garbage collector, which closes them.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()
    with quick_and_alone():
        yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(600)
def test_no_request_breaks_a_door(databases: SqliteDatabases | PostgresDatabases, tmp_path: Path) -> None:
    run = prepare(databases, tmp_path, SEED)
    report = Report()

    run.rounds(REQUESTS, report)

    assert report.sent == REQUESTS
    assert not report.lasting_faults, summary(str(databases), SEED, report, 0)
    assert_everything_was_tried(run, report)


def assert_everything_was_tried(run: Run, report: Report) -> None:
    """Every route that the application has; and callers came in, instead of being sent away each time."""
    assert {route.endpoint for route in run.knowledge.routes} <= report.routes
    assert report.statuses[200] + report.statuses[422] > REQUESTS / 4
    assert report.statuses[303] > 0


def add_route(app: Flask) -> None:
    """A door that is nowhere linked, with a parameter that no page shows, and that fails for a number below zero."""

    def hidden(number: int) -> str:
        wanted = request.args.get("never_seen_before", "1")
        return str(1 // (0 if wanted.startswith("-") else 1) + number)

    app.add_url_rule("/portal/pricing/hidden/<int:number>", view_func=hidden)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_new_route_and_its_parameter_are_found_without_being_named(
    databases: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> None:
    run = prepare(databases, tmp_path, SEED, add_route)
    assert run.knowledge.reads["hidden"].of("args") == ["never_seen_before"]
    assert "hidden" in [route.endpoint for route in run.knowledge.routes]

    report = Report()
    only_that_one(run).rounds(1500, report)

    ((first, fault),) = report.lasting_faults
    assert "ZeroDivisionError" in fault.outcome.error
    assert "never_seen_before=-" in fault.attempt.query
    number, _, at = first.partition(":")
    again, outcome = only_that_one(run).repeat(int(number), int(at))
    assert (again.path, again.query, outcome.status) == (fault.attempt.path, fault.attempt.query, 500)


def only_that_one(run: Run) -> Run:
    """The same run without the other routes, so that it is short."""
    routes = [route for route in run.knowledge.routes if route.endpoint == "hidden"]
    reads = {"hidden": run.knowledge.reads["hidden"]}
    knowledge = Knowledge(routes, defaultdict(Reads, reads), let_in=run.knowledge.let_in, values=run.knowledge.values)
    return replace(run, knowledge=knowledge)


def test_what_is_planted_is_never_sent() -> None:
    pool: list[str] = []
    for value in ("good", f"x {PLANTED.upper()} y", "good"):
        keep(pool, value)
    assert pool == ["good"]
