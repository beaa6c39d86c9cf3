"""PostgreSQL connections: sets their time limits, and checks whether a pooled one is still alive."""

import select

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from billingportal.database.limits import Limits


def watch(engine: Engine, limits: Limits) -> None:
    """Set the limits of each new connection, and let no transaction begin on a connection that the server closed."""

    def set_limits(connection: psycopg.Connection, _: ConnectionPoolEntry) -> None:
        was_autocommit, connection.autocommit = connection.autocommit, True
        for name, seconds in (("lock_timeout", limits.lock), ("statement_timeout", limits.statement)):
            connection.execute("SELECT set_config(%s, %s, false)", (name, f"{seconds}s"))
        connection.autocommit = was_autocommit

    def refuse_dead(connection: psycopg.Connection, *_: object) -> None:
        # A server that closes sends a message, so there is something to read. Looking for it costs no round trip,
        # unlike a ping before each transaction. Pinged only then, since a notice is something to read as well.
        if has_input(connection.pgconn.socket) and not answers(connection):
            raise InvalidatePoolError("the server closed the connection")

    event.listen(engine, "connect", set_limits)
    event.listen(engine, "checkout", refuse_dead)


def has_input(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def answers(connection: psycopg.Connection) -> bool:
    """Ping the server. The connection is in no transaction before or after."""
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error:
        return False
    return True
