"""Time limits for database work, by kind of process. They are set in this file only."""

from dataclasses import dataclass
from typing import Literal

# "web" is pages and webhooks: they share connections, and setting other limits for each would cost every webhook a
# round trip. "job" is the worker and the commands, where nobody waits for an answer.
Work = Literal["web", "job"]


@dataclass(frozen=True)
class Limits:
    """Seconds; but `patient` is how many writers of one process may wait while no write finishes."""

    connection: float
    write: float
    lock: float
    statement: float
    patient: int


# Half of a web server's threads may wait for a stuck database; the others show pages.
LIMITS: dict[Work, Limits] = {
    "web": Limits(connection=4, write=10, lock=4, statement=8, patient=4),
    "job": Limits(connection=8, write=10, lock=10, statement=60, patient=1000),
}
# Seconds. SQLite's readers never wait for a writer; but another program may lock the file against readers too.
READ_WAIT = 3
# Seconds. A migration waits for the one before it, and runs without a limit. It waits for a table lock for no longer
# than this, since all other statements queue behind it.
MIGRATION_WAIT = 600
MIGRATION_LOCK = 30


def engine_options(database_url: str, limits: Limits) -> dict[str, object]:
    """SQLAlchemy's pool and connection options. `tcp_user_timeout` (milliseconds) ends waiting for a silent server."""
    if database_url.startswith("sqlite"):
        return {"pool_size": 16, "max_overflow": 16, "pool_timeout": limits.connection}
    alive = {"keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    return {
        "pool_size": 8,
        "max_overflow": 16,
        "pool_timeout": limits.connection,
        "connect_args": {"connect_timeout": 4, **alive},
    }
