"""SQLite is held by somebody else: pages are read, writers hear of it in time, and afterwards all is well."""

import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.database.limits import LIMITS
from billingportal.database.writers import Writers
from billingportal.db import WRITERS, db
from tests.support.lock_holders import StoppedWriter, stranger
from tests.support.pages import Visitor, text_of
from tests.support.parts import SECRET_KEYS, Part, is_up
from tests.support.program import wait_until
from tests.support.stripe.sandbox import free_port
from tests.support.stripe.webhook_door import add_account, open_url, send, stored

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

# More than one process has threads, and than may wait in line.
SENDERS = 24


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, secret_keys=SECRET_KEYS)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    add_account(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def url(app: Flask, settings: Settings) -> Iterator[str]:
    """The real server, with the threads that it has by default."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Part(settings, "serve", "--port", str(port)):
        wait_until(lambda: is_up(url), "the web server")
        yield url


def test_while_a_stranger_holds_it_pages_are_read_and_writers_hear_of_it(url: str, app: Flask, tmp_path: Path) -> None:
    assert send(url, 0).status == 200
    with stranger(tmp_path / "portal.sqlite3"), ThreadPoolExecutor(SENDERS) as senders:
        sent = [senders.submit(send, url, number) for number in range(1, SENDERS + 1)]
        for _ in range(5):
            assert open_url(f"{url}/sign-in").status == 200
            time.sleep(0.5)
        health = open_url(f"{url}/healthz")
        answers = [one.result() for one in sent]
    assert (health.status, health.text[:11]) == (200, "writes wait"), health
    assert {answer.status for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"10"}
    assert [send(url, number).status for number in range(1, SENDERS + 1)] == [200] * SENDERS
    assert set(stored(app).values()) == {1}
    assert open_url(f"{url}/healthz").text == "ok"


@pytest.mark.parametrize("end", [signal.SIGCONT, signal.SIGKILL])
def test_a_writer_that_is_stopped_in_its_turn_does_not_stop_the_site(
    url: str, app: Flask, settings: Settings, end: signal.Signals
) -> None:
    assert send(url, 0).status == 200
    with StoppedWriter(settings) as writer, ThreadPoolExecutor(1) as sender:
        sent = sender.submit(send, url, 1)
        told = rf"writes wait: .* \d+ seconds; process {writer.process.pid} is first in line"
        wait_until(lambda: re.fullmatch(told, open_url(f"{url}/healthz").text) is not None, "healthz says so")
        assert open_url(f"{url}/sign-in").status == 200
        writer.end(end)
        assert sent.result().status == 200
    assert send(url, 2).status == 200
    assert len(stored(app)) == 3


def test_a_form_is_told_in_words_and_a_part_of_a_page_too(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        app.extensions[WRITERS] = Writers(db.engine, replace(LIMITS["web"], write=0.3))
    app.test_client_class = Visitor
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    given = {"email": "mara@example.com", "password": "not this one"}
    with stranger(tmp_path / "portal.sqlite3"):
        form, part = visitor.submit("/sign-in", given), visitor.swap("/sign-in", given)
    for answer in (form, part):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "The database is busy" in text_of(answer)
        assert "Check first whether what you sent was saved." in text_of(answer)
    assert part.text.startswith("<hx-partial")
