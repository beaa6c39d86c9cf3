"""The clock of web server and worker jumps while they run. Stripe, here the sandbox, goes by the true time."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db
from billingportal.domain.auth import billing_links
from billingportal.models import Client
from billingportal.runtime.ports import free_port
from tests.conftest import PASSWORD, add_staff
from tests.support.faketime import FakeClock, program
from tests.support.parts import is_up, portal_of
from tests.support.people.clients import new_client
from tests.support.program import LIMIT, Program, wait_until
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World
from tests.test_power_cut import is_registered

HOUR, DAY, NONE = timedelta(hours=1), timedelta(days=1), timedelta(0)
SECRET_KEYS = ("a-key-that-only-this-test-knows-0123456789",)
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Running:
    """A web server that runs by a clock of its own."""

    app: Flask
    url: str
    clock: FakeClock
    program_settings: dict[str, str]
    sandbox: Sandbox

    def visitor(self) -> requests.Session:
        return requests.Session()

    def sign_in(self, visitor: requests.Session, password: str = PASSWORD) -> requests.Response:
        page = visitor.get(f"{self.url}/sign-in", timeout=LIMIT)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token is not None
        typed = {"csrf_token": token.group(1), "email": "owner@example.com", "password": password}
        return visitor.post(f"{self.url}/sign-in", data=typed, timeout=LIMIT, allow_redirects=False)

    def status(self, visitor: requests.Session, path: str) -> int:
        return visitor.get(self.url + path, timeout=LIMIT, allow_redirects=False).status_code


@pytest.fixture
def running(settings: Settings, tmp_path: Path) -> Iterator[Running]:
    with ExitStack() as stack:
        fake = FakeClock(tmp_path)
        sandbox = stack.enter_context(Sandbox.start())
        port = free_port(0)
        url = f"http://127.0.0.1:{port}"
        settings = with_sandbox(replace(settings, secret_keys=SECRET_KEYS), sandbox, url)
        app = stack.enter_context(portal_of(settings))
        program_settings = {
            "PORTAL_DATABASE_URL": settings.database_url,
            "PORTAL_DATA_DIR": str(settings.data_dir),
            "PORTAL_SECRET_KEYS": ",".join(SECRET_KEYS),
            "PORTAL_PUBLIC_URL": url,
            "PORTAL_STRIPE_API_BASE": sandbox.url,
            **fake.settings,
        }
        serve = program("serve", "--port", str(port), "--workers", "1")
        stack.enter_context(Program(serve, tmp_path / "web", program_settings))
        wait_until(lambda: is_up(url), "the web server")
        yield Running(app, url, fake, program_settings, sandbox)


def world_of(running: Running) -> World:
    world = World(running.app, running.sandbox, new_account(running.sandbox))
    world.connect()
    return world


def test_the_worker_works_on_through_every_jump_and_reads_from_where_it_was(running: Running, tmp_path: Path) -> None:
    """Where nobody delivers events, they are asked for every few seconds."""
    settings = {name: value for name, value in running.program_settings.items() if name != "PORTAL_PUBLIC_URL"}
    world = world_of(running)

    def is_complete_up_to(moment: datetime) -> bool:
        reached = world.catch_up().complete_up_to
        return reached is not None and reached >= moment

    with Program(program("worker"), tmp_path / "worker", settings) as worker:
        for ahead in (NONE, HOUR, NONE, DAY, NONE):
            running.clock.set(ahead)
            jumped_at = clock.now()
            wait_until(lambda moment=jumped_at: is_complete_up_to(moment), f"caught up, {ahead} ahead")  # type: ignore[misc]
            cursor = world.catch_up().cursor_at
            assert cursor is not None
            assert abs(cursor - clock.now()) < timedelta(minutes=2)
        assert worker.end() == 0
    assert "Traceback" not in worker.printed


def test_a_webhook_is_refused_while_the_clock_is_ahead_and_taken_when_it_comes_again(
    running: Running, tmp_path: Path
) -> None:
    """Signatures of more than five minutes ago are refused. Those that seem to come from ahead are not old."""
    running.sandbox.control("delivery", retry_schedule=[0.5] * 100)
    world = world_of(running)
    with Program(program("worker"), tmp_path / "worker", running.program_settings):
        wait_until(is_registered, "the webhook is registered")
    sdk = running.sandbox.client(world.stripe_account.test_key)

    for name, ahead in (("Amber", HOUR), ("Birch", DAY)):
        running.clock.set(ahead)
        refused = count_refused(tmp_path)
        sdk.v1.customers.create(params={"name": name})
        wait_until(lambda refused=refused: count_refused(tmp_path) > refused, "it is refused")  # type: ignore[misc]
        before = len(world.events())
        running.clock.set(NONE)
        wait_until(lambda before=before: len(world.events()) > before, "Stripe delivers it again")  # type: ignore[misc]

    for name, behind in (("Cedar", -HOUR), ("Dogwood", -DAY)):
        running.clock.set(behind)
        before = len(world.events())
        sdk.v1.customers.create(params={"name": name})
        wait_until(lambda before=before: len(world.events()) > before, "it is taken at once")  # type: ignore[misc]
    assert {event.source for event in world.events()} == {"webhook"}


def count_refused(folder: Path) -> int:
    """How many webhooks the web server's log shows as refused."""
    return (folder / "web").read_text().count(" 400 in ")


def test_staff_stay_signed_in_for_twelve_hours_by_the_clock(running: Running, password_hash: str) -> None:
    add_staff(running.app, password_hash, "owner")
    visitor = running.visitor()
    assert running.sign_in(visitor).status_code == 303
    running.clock.set(HOUR)
    assert running.status(visitor, "/profile") == 200
    running.clock.set(DAY)
    assert running.status(visitor, "/profile") == 303

    for ahead in (HOUR, DAY):
        running.clock.set(ahead)
        visitor = running.visitor()
        assert running.sign_in(visitor).status_code == 303
        running.clock.set(NONE)
        # Set right again: nobody is sent away for having signed in before.
        assert running.status(visitor, "/profile") == 200


def test_nobody_is_throttled_for_longer_than_a_quarter_of_an_hour(running: Running, password_hash: str) -> None:
    add_staff(running.app, password_hash, "owner")

    def is_throttled() -> bool:
        answer = running.sign_in(running.visitor())
        assert answer.status_code in (303, 429)
        assert int(answer.headers.get("Retry-After", 0)) <= 15 * 60 + 1
        return answer.status_code == 429

    # By a clock that is set back, and one that is set forward.
    for before, after in ((DAY, NONE), (HOUR, NONE), (NONE, HOUR)):
        running.clock.set(before)
        for _ in range(5):
            assert running.sign_in(running.visitor(), "wrong password").status_code == 422
        assert is_throttled()
        running.clock.set(after)
        assert not is_throttled()


def test_billing_links_and_clients_sessions_live_by_the_clock(running: Running) -> None:
    client_id = new_client("Harbor")
    generation = db.session.get_one(Client, client_id).access_generation
    link = billing_links.link_path(SECRET_KEYS, client_id, generation, hours=billing_links.STAFF_HOURS)
    db.session.rollback()

    visitor = running.visitor()
    assert opens(running, visitor, link)
    running.clock.set(HOUR)
    assert running.status(visitor, "/portal/billing") == 200
    assert opens(running, running.visitor(), link)
    running.clock.set(DAY + HOUR)
    assert running.status(visitor, "/portal/billing") == 401
    assert not opens(running, running.visitor(), link)
    for behind in (-HOUR, -DAY):
        running.clock.set(behind)
        visitor = running.visitor()
        assert opens(running, visitor, link)
        assert running.status(visitor, "/portal/billing") == 200


def opens(running: Running, visitor: requests.Session, link: str) -> bool:
    """Whether a billing link leads into the client's page."""
    visitor.get(running.url + link, timeout=LIMIT)
    return running.status(visitor, "/portal/billing") == 200
