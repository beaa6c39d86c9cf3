"""PostgreSQL is restarted, full, locked or away: what webhooks, pages and the worker do then."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from billingportal.app import create_app
from billingportal.database.limits import LIMITS, Work
from billingportal.db import db, transaction
from tests.support.database import MIGRATED, settings_for
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.parts import SECRET_KEYS, Part
from tests.support.program import wait_until
from tests.support.server import serving
from tests.support.stripe.webhook_door import add_account, open_url, send, stored


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture
def app(postgres: OwnPostgres, tmp_path: Path) -> Iterator[Flask]:
    with postgres.databases.fresh(tmp_path) as url:
        app = create_app(settings_for(url, tmp_path))
        add_account(app)
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    with serving(app) as url:
        yield url


# First, since a worker does not start where the other tests have sealed secrets with keys of their own.
def test_the_worker_reports_an_outage_once_and_goes_on_by_itself(postgres: OwnPostgres, tmp_path: Path) -> None:
    settings = replace(settings_for(postgres.url, tmp_path), secret_keys=SECRET_KEYS)
    output = tmp_path / "worker.log"
    with Part(settings, "worker"):
        wait_until(lambda: "the worker runs" in output.read_text(), "the worker")
        postgres.stop()
        try:
            wait_until(lambda: "does not answer" in output.read_text(), "the outage")
            with pytest.raises(TimeoutError):
                wait_until(lambda: output.read_text().count("does not answer") > 1, "a second line", limit=4)
        finally:
            postgres.start()
        wait_until(lambda: "answers again" in output.read_text(), "the end of the outage")
    assert "Traceback" not in output.read_text()


def test_after_a_restart_while_idle_no_webhook_meets_a_dead_connection(
    postgres: OwnPostgres, app: Flask, url: str
) -> None:
    assert send(url, 1).status == 200
    assert open_url(f"{url}/sign-in").status == 200
    postgres.restart()
    assert [send(url, number).status for number in range(2, 8)] == [200] * 6
    assert open_url(f"{url}/sign-in").status == 200
    assert len(stored(app)) == 7


def test_a_restart_after_a_request_has_read_breaks_neither_its_write_nor_its_end(
    postgres: OwnPostgres, app: Flask
) -> None:
    with app.app_context():
        db.session().scalar(text("SELECT 1"))
        postgres.restart()
        with transaction() as session:
            assert session.scalar(text("SELECT 1")) == 1
        db.session().scalar(text("SELECT 1"))
        postgres.restart()


def test_while_it_is_away_webhooks_and_pages_say_so_and_afterwards_all_is_well(
    postgres: OwnPostgres, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(url, 1).status == 200
    postgres.stop()
    try:
        with caplog.at_level(logging.WARNING):
            webhooks = [send(url, 2) for _ in range(3)]
            page = open_url(f"{url}/sign-in")
    finally:
        postgres.start()
    assert {answer.status for answer in webhooks} == {503}
    assert webhooks[0].headers["Retry-After"] == page.headers["Retry-After"]
    assert (page.status, "The database does not answer" in page.text) == (503, True)
    assert caplog.text.count("does not answer for") == 1
    assert "Traceback" not in caplog.text
    assert send(url, 2).status == 200


def test_without_a_free_connection_people_read_why(postgres: OwnPostgres, app: Flask, url: str) -> None:
    postgres.set("max_connections = 12")
    try:
        with ExitStack() as stack:
            with suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(closing(psycopg.connect(postgres.databases.address_of(MIGRATED))))
            page, webhook = open_url(f"{url}/sign-in"), send(url, 1)
        assert (page.status, "takes no more connections" in page.text) == (503, True)
        assert webhook.status == 503
        assert send(url, 1).status == 200
    finally:
        postgres.set("max_connections = 100")


def test_a_table_that_somebody_locked_stops_neither_webhooks_nor_pages_for_long(
    postgres: OwnPostgres, url: str
) -> None:
    with closing(psycopg.connect(postgres.databases.address_of(MIGRATED))) as other:
        other.execute("LOCK TABLE stripe_event, branding")
        webhook, page = send(url, 1), open_url(f"{url}/brand.css")
    assert webhook.status == 503
    assert page.status in (200, 503)
    assert send(url, 1).status == 200


@pytest.mark.parametrize("work", ["web", "job"])
def test_each_kind_of_work_has_its_limits(postgres: OwnPostgres, tmp_path: Path, work: Work) -> None:
    app = create_app(settings_for(postgres.url, tmp_path), work=work)
    with app.app_context():
        found = [db.session().scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
        db.session.remove()
        db.engine.dispose()
    limits = {"web": ["4s", "8s"], "job": ["10s", "1min"]}
    assert found == limits[work]
    assert LIMITS[work].lock < LIMITS[work].statement
