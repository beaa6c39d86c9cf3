"""A database that outlives a worker that is killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.database import SqliteDatabases
from tests.support.own_postgres import own_postgres


@contextmanager
def durable_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database of this kind."""
    if kind == "sqlite":
        (folder / "template").mkdir()
        with SqliteDatabases.prepare(folder / "template").fresh(folder) as url:
            yield url
        return
    with own_postgres(durable=True) as own:
        yield own.url
