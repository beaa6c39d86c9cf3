"""Web server, worker and PostgreSQL are killed, and SQLite is held, under a stream of events, pages and forms.

`--outage-seconds 60 --event-rate 100` is the long way; `--log-cli-level INFO` shows the figures.
"""

import logging
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.connection import credentials
from billingportal.models import WebhookEndpoint
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.database import SqliteDatabases, settings_for
from tests.support.lock_holders import stranger
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.pages import Visitor
from tests.support.parts import SECRET_KEYS, Part, is_up, portal_of
from tests.support.program import wait_until
from tests.support.stripe.load import Load
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import SandboxProcess, free_port
from tests.support.stripe.webhook_door import LIMIT, stored

log = logging.getLogger(__name__)
FORM = {
    "product": "new",
    "usage": "licensed",
    "model": "per_unit",
    "currency": "eur",
    "amount": "29.00",
    "interval": "month",
    "interval_count": "1",
    "tax_behavior": "unspecified",
}

PAGES = ("/saas/payment-processor", "/saas/prices")


@dataclass(frozen=True)
class Scene:
    """A running portal in a bad hour."""

    web: Part
    worker: Part
    url: str
    postgres: OwnPostgres | None
    database: Path
    seconds: float

    def play(self) -> None:
        """One mishap after the other, each with a quiet while before it."""
        for part in (self.web, self.worker):
            self.rest()
            part.kill()
            part.start()
            wait_until(lambda: is_up(self.url), "the web server")
        self.rest()
        if self.postgres is None:
            with stranger(self.database):
                time.sleep(self.seconds)
        else:
            self.postgres.kill()
            time.sleep(min(self.seconds, 10))
            self.postgres.start()
        self.rest()

    def rest(self) -> None:
        time.sleep(max(1, self.seconds / 4))


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, OwnPostgres | None]]:
    if kind == "sqlite":
        (folder / "template").mkdir()
        with SqliteDatabases.prepare(folder / "template").fresh(folder) as url:
            yield url, None
        return
    with own_postgres(durable=True) as own:
        yield own.url, own


def connect(key: str) -> tuple[str, str]:
    """Connect the account; the address and the secret of its webhook."""
    portal = current_portal()
    credentials.connect(transaction, portal.open_gateway, portal.vault, key, staff_id=None)
    wait_until(lambda: endpoint().state == "registered", "the webhook is registered")
    sealed = endpoint().secret_sealed
    assert sealed is not None
    return f"/webhooks/stripe/{endpoint().token}", portal.vault.open_(sealed)


def endpoint() -> WebhookEndpoint:
    db.session().rollback()
    return db.session().scalars(select(WebhookEndpoint)).one()


def signed_in(app: Flask) -> tuple[str, str]:
    """A cookie and a CSRF token of the owner."""
    owner = Staff(name="Mara", email="mara@example.com", password_hash="-", role="owner", created_at=clock.now())
    with transaction() as session:
        session.add(owner)
    app.test_client_class = Visitor
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(owner)
    token = visitor.csrf_token()
    cookie = visitor.get_cookie("portal_session")
    assert cookie is not None
    return f"portal_session={cookie.value}", token


def settings_in(folder: Path, url: str, sandbox: SandboxProcess) -> Settings:
    settings = replace(settings_for(url, folder), secret_keys=SECRET_KEYS)
    return with_sandbox(settings, sandbox, f"http://127.0.0.1:{free_port()}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_in_a_bad_hour_nothing_acknowledged_is_lost_nothing_is_bought_twice_and_pages_answer(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seconds, rate = request.config.getoption("--outage-seconds"), request.config.getoption("--event-rate")
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(tmp_path))
        account = new_account(sandbox)
        url, postgres = stack.enter_context(database(kind, tmp_path))
        settings = settings_in(tmp_path, url, sandbox)
        app = stack.enter_context(portal_of(settings))
        address = str(settings.public_url)
        web = stack.enter_context(Part(settings, "serve", "--port", address.rpartition(":")[2]))
        worker = stack.enter_context(Part(settings, "worker"))
        path, secret = connect(account.test_key)
        wait_until(lambda: is_up(address), "the web server")
        cookie, csrf = signed_in(app)

        load = Load(address + path, secret, rate)
        requests = [urllib.request.Request(f"{address}{page}", headers={"Cookie": cookie}) for page in PAGES]
        requests.append(urllib.request.Request(f"{address}/sign-in"))
        with ThreadPoolExecutor(3) as people:
            people.submit(load.deliver)
            people.submit(load.read_pages, requests)
            people.submit(load.save_forms, f"{address}/saas/prices", cookie, lambda number: form(number, csrf))
            try:
                Scene(web, worker, address, postgres, tmp_path / "portal.sqlite3", seconds).play()
            finally:
                load.ended.set()
        log.info("%s: deliveries %s | pages %s | forms %s", kind, load.deliveries, load.pages, load.forms)

        db.engine.dispose()
        found = stored(app)
        assert len(load.acknowledged) == load.sent > 0
        assert load.acknowledged <= found.keys()
        assert set(found.values()) == {1}
        made = Counter(one["name"] for one in sandbox.objects(account.id, "test", "product"))
        assert load.saved
        assert {name: made[name] for name in load.saved} == dict.fromkeys(load.saved, 1)
        assert len(sandbox.objects(account.id, "test", "price")) == len(load.saved)
        for diary in (load.pages, load.deliveries, load.forms):
            assert diary.longest < LIMIT
        # SQLite's readers do not notice; a page that needs a PostgreSQL that is gone says so.
        assert load.pages.statuses.keys() <= ({0, 200} if postgres is None else {0, 200, 503})
        for part in ("serve", "worker"):
            assert "Traceback" not in (tmp_path / f"{part}.log").read_text()


def form(number: int, csrf_token: str) -> dict[str, str]:
    """A form of its own, which makes a product and a price at Stripe."""
    return {**FORM, "name": f"Plan {number}", "token": f"a-token-of-the-form-{number:04}", "csrf_token": csrf_token}
