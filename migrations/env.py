"""How Alembic runs here: on the application's own engine, one process at a time, all of it or nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from billingportal.database.limits import MIGRATION_LOCK
from billingportal.db import DecimalText, UtcDateTime, db

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7245093)")
NO_LIMITS = text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
# Everybody queues behind a migration that waits for a table: then better no migration for now.
LOCK_LIMIT = text(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK}s'")


def render_item(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Print our column types as what the database has: a revision must not change when the code does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, DecimalText):
        return "sa.String(length=40)"
    return False


@contextmanager
def no_cascade_while_tables_are_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it: dropping the old one must not delete the rows that point at it."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    # begin_immediate: of two processes that start together, the second one waits and finds nothing to do.
    with (
        db.engine.connect().execution_options(begin_immediate=True) as connection,
        no_cascade_while_tables_are_rebuilt(connection),
    ):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                for statement in (NO_LIMITS, ONE_AT_A_TIME, LOCK_LIMIT):
                    connection.execute(statement)
            context.run_migrations()
            refuse_dangling_rows(connection)


def refuse_dangling_rows(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if dangling is not None:
        raise RuntimeError(f"the migration left a row that points nowhere: {dangling}")


run()
