"""SQLite's files, settings and transactions. PostgreSQL's connections pass unchanged."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

from billingportal.database.limits import MIGRATION_WAIT, READ_WAIT
from billingportal.private_files import make_private


def make_file(dialect: Dialect, _: ConnectionPoolEntry, arguments: list[str], __: object) -> None:
    """Create a new file with access for its owner only; SQLite gives its other files the same mode."""
    if dialect.name != "sqlite" or arguments[0] == ":memory:" or arguments[0].startswith("file:"):
        return
    with suppress(OSError):  # SQLite raises the same failure next
        make_private(Path(arguments[0]))


def prepare(connection: object, _: ConnectionPoolEntry) -> None:
    """Set WAL, so that readers work beside one writer, and FULL, so that acknowledged events survive a power cut."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    set_wait(connection, READ_WAIT)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def set_wait(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


def begin(connection: Connection) -> None:
    """Begin a transaction; one that will write takes the write lock at once."""
    if connection.dialect.name != "sqlite":
        return
    options = connection.get_execution_options()
    if options.get("is_glance"):
        return
    if not options.get("begin_immediate"):
        connection.exec_driver_sql("BEGIN")
        return
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("SQLite is spoken to with Python's own driver")
    set_wait(driver, options.get("write_seconds", MIGRATION_WAIT))
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        set_wait(driver, READ_WAIT)
