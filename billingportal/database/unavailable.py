"""Classifies database errors: away, busy, full, or at fault in the statement."""

import sqlite3
from typing import Literal

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from billingportal.errors import DatabaseBusy

# These errors are not the statement's fault: it may succeed when it is sent again later.
UNAVAILABLE = (OperationalError, InterfaceError, NoFreeConnection, DatabaseBusy)
Trouble = Literal["away", "busy", "full"]

BUSY_SQLITE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
BUSY_POSTGRESQL = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
# PostgreSQL's error class 54, "program limit exceeded", as for values that are too large.
BEYOND_LIMITS = "54"
# A refused connection has no error code in psycopg, only the server's words.
FULL_WORDS = ("too many clients", "too many connections", "remaining connection slots")


def is_unavailable(error: BaseException) -> bool:
    """Whether the database was away or busy: not the statement's fault."""
    return isinstance(error, UNAVAILABLE) and not is_beyond_limits(error)


def is_beyond_limits(error: BaseException) -> bool:
    """Whether a value is too large for PostgreSQL (for an index, for one). A retry would fail again."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return str(getattr(cause, "sqlstate", "")).startswith(BEYOND_LIMITS)


def is_mistake(error: BaseException) -> bool:
    """Whether the statement is at fault, as for a missing table. SQLite has one error class for both."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def trouble_of(error: BaseException) -> Trouble:
    """Whether the database is away, waits for another write, or has no connection left."""
    if isinstance(error, DatabaseBusy):
        return "busy"
    if isinstance(error, NoFreeConnection):
        return "full"
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        # The lowest byte is the error code, the others extend it.
        return "busy" if getattr(cause, "sqlite_errorcode", 0) & 0xFF in BUSY_SQLITE else "away"
    if isinstance(cause, BUSY_POSTGRESQL):
        return "busy"
    return "full" if any(words in str(cause) for words in FULL_WORDS) else "away"


def first_line(error: BaseException) -> str:
    """The database's own message, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).strip().partition("\n")[0]
