"""Database errors in one line, for the people who run the portal."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from billingportal.log_text import escaped, without_secrets

# By the beginning of SQLite's name for the error.
SQLITE_WORDS = {
    "SQLITE_FULL": "the disk is full. Nothing was changed. Make room on it and start again",
    "SQLITE_READONLY": "its file or folder is read-only for this user. Nothing was changed. Make both writable",
    "SQLITE_CANTOPEN": "its file cannot be opened by this user. Check its folder and its rights",
    "SQLITE_NOTADB": "its file is no database. Restore a backup, or correct PORTAL_DATABASE_URL",
    "SQLITE_CORRUPT": "its file is damaged. Restore a backup",
    "SQLITE_IOERR": "its disk could not be read or written. Nothing was changed. Check the disk and its free space",
    "SQLITE_BUSY": "another process has locked it for long. End that process, or wait, and start again",
}


def words_of(error: DBAPIError) -> str:
    """The error without a full stop: our text for an SQLite error that is listed here, else the database's own."""
    name = getattr(error.orig, "sqlite_errorname", "") if isinstance(error.orig, sqlite3.Error) else ""
    known = next((words for start, words in SQLITE_WORDS.items() if name.startswith(start)), None)
    said = str(error.orig).strip().partition("\n")[0]
    return known or escaped(without_secrets(said))


def may_pass(error: DBAPIError) -> bool:
    """Whether waiting may help: the server is unreachable, or another process has locked the file."""
    name = getattr(error.orig, "sqlite_errorname", "") if isinstance(error.orig, sqlite3.Error) else ""
    return name.startswith("SQLITE_BUSY") or not isinstance(error.orig, sqlite3.Error)
