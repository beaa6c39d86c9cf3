"""Databases that a round may spoil: each starts as a copy of the one that was filled."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from billingportal.sandbox.http.server import Sandbox as Server
from billingportal.sandbox.state.store import load, save
from tests.fuzz.recording import record
from tests.support.database import PostgresDatabases, SqliteDatabases, settings_for
from tests.support.pages import Visitor
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox

FILLED, SPOILED = "filled", "spoiled"


class Copies(Protocol):
    """Keeps the filled database, and hands out copies."""

    def keep(self, url: str) -> None: ...

    def copy(self) -> str: ...


class SqliteCopies:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, url: str) -> None:
        shutil.copyfile(url.removeprefix("sqlite:///"), self.folder / FILLED)

    def copy(self) -> str:
        for leftover in self.folder.glob(f"{SPOILED}*"):
            leftover.unlink()
        shutil.copyfile(self.folder / FILLED, self.folder / SPOILED)
        return f"sqlite:///{self.folder / SPOILED}"


class PostgresCopies:
    """Databases beside the one that tests use, dropped at the end of the run."""

    def __init__(self, databases: PostgresDatabases) -> None:
        self.databases = databases

    def keep(self, url: str) -> None:
        self.drop(FILLED)
        source = url.rpartition("?")[0].rpartition("/")[2]
        self.databases.execute(f"CREATE DATABASE {FILLED} TEMPLATE {source}")

    def copy(self) -> str:
        self.drop(SPOILED)
        self.databases.execute(f"CREATE DATABASE {SPOILED} TEMPLATE {FILLED}")
        return self.databases.url_of(SPOILED)

    def drop(self, name: str) -> None:
        self.databases.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def copies_of(databases: SqliteDatabases | PostgresDatabases, folder: Path) -> Copies:
    return SqliteCopies(folder) if isinstance(databases, SqliteDatabases) else PostgresCopies(databases)


class Installation:
    """A portal with its sandbox: filled once, then as good as new for every round."""

    def __init__(
        self,
        databases: SqliteDatabases | PostgresDatabases,
        folder: Path,
        extend: Callable[[Flask], None] | None = None,
    ) -> None:
        """`extend` adds to every application that is made here."""
        self.folder = folder
        self.extend = extend
        self.databases = databases
        self.copies = copies_of(databases, folder)
        self.templates = FileSystemBytecodeCache(str(folder))

    @contextmanager
    def filling(self) -> Iterator[tuple[Flask, Sandbox]]:
        """The portal and the sandbox to fill; what is there at the end is what every round starts with."""
        with self.databases.fresh(self.folder) as url, Sandbox.start() as sandbox:
            app = self.portal(with_sandbox(settings_for(url, self.folder), sandbox))
            yield app, sandbox
            dispose(app)
            self.copies.keep(url)
            save(sandbox.server.world, self.folder / "sandbox.json")

    @contextmanager
    def round(self) -> Iterator[Flask]:
        """The filled portal, with a sandbox of its own."""
        server = Server(load(self.folder / "sandbox.json"), "127.0.0.1", 0)
        server.start()
        try:
            app = self.portal(with_sandbox(settings_for(self.copies.copy(), self.folder), Sandbox(server)))
            yield app
            dispose(app)
        finally:
            server.close()

    def portal(self, settings: Settings) -> Flask:
        """As it runs in earnest: an exception becomes a 500."""
        app = create_app(settings)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.jinja_env.bytecode_cache = self.templates
        app.test_client_class = Visitor
        record(app)
        if self.extend is not None:
            self.extend(app)
        return app


def dispose(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
