"""A portal that sells, served by gunicorn the way `billingportal serve` does it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select

from billingportal import clock
from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.auth import passwords
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.connection import credentials
from billingportal.models import Client, WebhookEndpoint
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.database import settings_for
from tests.support.people.checkouts import Till, furnish
from tests.support.people.clients import new_client
from tests.support.program import COMMAND, Program
from tests.support.stripe.portals import new_account, with_sandbox, work
from tests.support.stripe.sandbox import SandboxClient, free_port
from tests.support.wire import NO_HEADERS, Answer, Wire

EMAIL, PASSWORD = "mara@example.com", "correct horse battery"
# Without a comma, so that they can be given to a process of its own.
SECRET_KEYS = ("a-key-that-only-this-test-knows-0123456789",)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Business:
    """What is in the database: an owner, a connected account with plans for sale, a client, a webhook address."""

    settings: Settings
    till: Till
    plans: Mapping[str, int]
    client_id: int
    webhook: str
    webhook_secret: str


def open_business(database_url: str, folder: Path, sandbox: SandboxClient) -> Business:
    """Fill a migrated database."""
    settings = with_sandbox(behind(settings_for(database_url, folder), 0), sandbox)
    app = create_app(settings)
    till = Till(sandbox, new_account(sandbox))
    with app.app_context():
        with transaction() as session:
            owner = Staff(
                name="Mara Lindqvist",
                email=EMAIL,
                password_hash=passwords.make_hash(PASSWORD),
                role="owner",
                created_at=clock.now(),
            )
            session.add(owner)
            session.flush()
            owner_id = owner.id
        portal = current_portal()
        credentials.connect(transaction, portal.open_gateway, portal.vault, till.account.test_key, staff_id=owner_id)
        work(app)
        business = furnished(app, settings, till, owner_id)
        db.session.remove()
        db.engine.dispose()
    return business


def furnished(app: Flask, settings: Settings, till: Till, owner_id: int) -> Business:
    plans = furnish(app, till, owner_id)
    client_id = new_client()
    with transaction() as session:
        workspaces.create_workspace(
            session, session.get_one(Client, client_id), "Front desk", None, author=by_staff(None)
        )
    endpoint = db.session().scalars(select(WebhookEndpoint)).one()
    assert endpoint.secret_sealed is not None
    secret = current_portal().vault.open_(endpoint.secret_sealed)
    return Business(settings, till, plans, client_id, f"/webhooks/stripe/{endpoint.token}", secret)


@contextmanager
def served(settings: Settings, *options: str) -> Iterator[int]:
    """The port of `billingportal serve` with these settings, until the block ends. It has to end cleanly."""
    port = free_port()
    command = [str(COMMAND), "serve", "--port", str(port), *options]
    with Program(command, settings.data_dir / f"serve-{port}.log", variables(settings)) as server:
        server.wait_for("Booting worker")
        yield port
        assert server.end() == 0


def variables(settings: Settings) -> dict[str, str]:
    """The settings as a process of its own is given them."""
    return {
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_DATA_DIR": str(settings.data_dir),
        "PORTAL_SECRET_KEYS": ",".join(settings.secret_keys),
        "PORTAL_PUBLIC_URL": settings.public_url or "",
        "PORTAL_STRIPE_API_BASE": settings.stripe_api_base or "",
        "PORTAL_TRUSTED_PROXIES": str(settings.trusted_proxies),
    }


def behind(settings: Settings, proxies: int, public_url: str | None = None) -> Settings:
    """The same portal behind so many proxies."""
    return replace(settings, trusted_proxies=proxies, public_url=public_url, secret_keys=SECRET_KEYS)


class Person:
    """Somebody with cookies, whose forms carry the token of the page."""

    def __init__(self, wire: Wire, headers: Mapping[str, str]) -> None:
        self.wire = wire
        self.headers = dict(headers)
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes | None = None) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = self.headers | ({"Cookie": cookies} if cookies else {}) | dict(headers)
        answer = self.wire.ask(method, path, sent, body)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def submit(self, path: str, fields: Mapping[str, str], *, page: str) -> Answer:
        """Send a form of a page the way a browser does without JavaScript."""
        return self.ask("POST", path, FORM, urlencode({**fields, "csrf_token": self.token(page)}).encode())

    def token(self, page: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.ask("GET", page).text)
        assert found is not None, page
        return found.group(1)

    def sign_in(self) -> Answer:
        return self.submit("/sign-in", {"email": EMAIL, "password": PASSWORD}, page="/sign-in")
