"""Statements in plain SQL for the paths that run for every request of the host platform.

SQLite stores times as text, so the parameters and columns that are times have to be named.
"""

from collections.abc import Mapping

from sqlalchemy import Executable, TextClause, bindparam, text
from sqlalchemy.orm import Session

from billingportal.db import Database, UtcDateTime

SKIP_LOCKED = "{skip_locked}"


def plain_sql(statement: str, *times: str) -> TextClause:
    """A statement that runs on both databases. `times` are its parameters that are times."""
    return text(statement).bindparams(*(bindparam(name, type_=UtcDateTime()) for name in times))


def skipping_locked(statement: str, *times: str) -> Mapping[str, TextClause]:
    """The same by dialect, with PostgreSQL's words for leaving out locked rows where SKIP_LOCKED stands.

    SQLite has one writer, so no row is ever locked.
    """
    words = {"sqlite": "", "postgresql": "FOR UPDATE SKIP LOCKED"}
    return {name: plain_sql(statement.replace(SKIP_LOCKED, word), *times) for name, word in words.items()}


def is_done(database: Database, statement: Executable, values: Mapping[str, object]) -> bool:
    """Run a statement that returns a row if it finds one; whether it did."""
    return database.execute(statement, values).first() is not None


def dialect_of(database: Database) -> str:
    connection = database.connection() if isinstance(database, Session) else database
    return connection.dialect.name
