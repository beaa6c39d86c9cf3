"""How long each kind of work waits for the database. The one place where these limits are set."""

from dataclasses import dataclass
from typing import Literal

# "web" is pages and webhooks: they share connections, and to set other limits for each would cost every webhook a
# round trip. "job" is the worker and the commands, where nobody waits for an answer.
Work = Literal["web", "job"]


@dataclass(frozen=True)
class Limits:
    """Seconds, but `patient`: so many writers of one process go on waiting while no write gets through."""

    connection: float
    write: float
    lock: float
    statement: float
    patient: int


LIMITS: dict[Work, Limits] = {
    "web": Limits(connection=4, write=10, lock=4, statement=8, patient=2),
    "job": Limits(connection=8, write=10, lock=10, statement=60, patient=1000),
}
# Seconds. SQLite's readers wait for nobody who only writes; another program may lock even them out.
READ_WAIT = 3
# Seconds. A migration waits for the one before it, and runs as long as it takes. It does not queue for a table for
# longer than this, since everybody else queues behind it.
MIGRATION_WAIT = 600
MIGRATION_LOCK = 30


def engine_options(database_url: str, limits: Limits) -> dict[str, object]:
    """How SQLAlchemy pools connections. `tcp_user_timeout` is how many milliseconds a silent server has to answer."""
    if database_url.startswith("sqlite"):
        return {"pool_size": 16, "max_overflow": 16, "pool_timeout": limits.connection}
    alive = {"keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    return {
        "pool_size": 8,
        "max_overflow": 16,
        "pool_timeout": limits.connection,
        "connect_args": {"connect_timeout": 4, **alive},
    }
