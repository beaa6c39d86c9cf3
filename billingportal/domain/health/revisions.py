"""The database's migration revision, and whether this version of the portal knows it."""

from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

NEWER = "a newer version of the portal, or another program, brought it there"
START_NEWER = "Start that version, or restore the backup from before its first start."


def current(connection: Connection) -> set[str]:
    """The database's revision, as a set that is empty before the first migration."""
    return set(MigrationContext.configure(connection).get_current_heads())


@cache
def newest(migrations: Path) -> frozenset[str]:
    """The revisions that our migrations lead to. To read them takes long, and they stay while a process runs."""
    return frozenset(ScriptDirectory(str(migrations)).get_heads())


def unknown(connection: Connection, migrations: Path) -> set[str]:
    """The revisions of the database that none of our migrations leads to."""
    found = current(connection)
    if found <= newest(migrations):
        return set()
    return found - {script.revision for script in ScriptDirectory(str(migrations)).walk_revisions()}
