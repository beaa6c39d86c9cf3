"""When the database cannot do its work now: which errors say so, and what kind of trouble it is."""

import sqlite3
from typing import Literal

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from billingportal.errors import DatabaseBusy

# They say nothing about what was asked for: asked again later, it may well succeed.
UNAVAILABLE = (OperationalError, InterfaceError, NoFreeConnection, DatabaseBusy)
Trouble = Literal["away", "busy", "full"]

BUSY_SQLITE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
BUSY_POSTGRESQL = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
# The class of PostgreSQL's errors for values that are too large.
BEYOND_LIMITS = "54"
# A refused connection has no error code in psycopg, only the server's words.
FULL_WORDS = ("too many clients", "too many connections", "remaining connection slots")


def is_unavailable(error: BaseException) -> bool:
    """Whether the database was away or busy, which says nothing about what was asked for."""
    return isinstance(error, UNAVAILABLE) and not is_beyond_limits(error)


def is_beyond_limits(error: BaseException) -> bool:
    """Whether PostgreSQL said that a value is larger than it can hold (an index, for one): it will say so again."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return str(getattr(cause, "sqlstate", "")).startswith(BEYOND_LIMITS)


def is_mistake(error: BaseException) -> bool:
    """Whether the statement is at fault, such as one for a table that no migration has made. SQLite has one class."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def trouble_of(error: BaseException) -> Trouble:
    """Whether the database is away, waits for somebody else's write, or has no connection left."""
    if isinstance(error, DatabaseBusy):
        return "busy"
    if isinstance(error, NoFreeConnection):
        return "full"
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        # The lowest byte is the error, the others tell its circumstances.
        return "busy" if getattr(cause, "sqlite_errorcode", 0) & 0xFF in BUSY_SQLITE else "away"
    if isinstance(cause, BUSY_POSTGRESQL):
        return "busy"
    return "full" if any(words in str(cause) for words in FULL_WORDS) else "away"


def first_line(error: BaseException) -> str:
    """What the database said, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).strip().partition("\n")[0]
