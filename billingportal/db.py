"""The database: typed declarative base, UTC and decimal columns, SQLite's settings, the one write transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from fcntl import LOCK_EX, flock
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, Connection, Dialect, MetaData, String, TypeDecorator, event
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from billingportal.plain_json import Json, JsonObject

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both databases. A naive time is refused instead of guessed at."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DecimalText(TypeDecorator[Decimal]):
    """An exact decimal kept as text, since SQLite would make it a float."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


PrimaryKey = Annotated[int, mapped_column(primary_key=True)]
type_map: dict[object, TypeEngine[Any]] = {
    datetime: UtcDateTime(),
    Decimal: DecimalText(),
    JsonObject: JSON(),
    list[Json]: JSON(none_as_null=True),
}


class Base(DeclarativeBase):
    """Base of every table. The registry is given whole, as Flask-SQLAlchemy derives its Model from this class."""

    registry = registry(metadata=MetaData(naming_convention=NAMES), type_annotation_map=type_map)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


# How a door hands its transactions to work that has to wait for Stripe in between.
Transaction = Callable[[], AbstractContextManager[Session]]
# Where plain SQL runs. A bare connection spares what a session does around each statement.
Database = Session | Connection


@contextmanager
def transaction() -> Iterator[Session]:
    """The one write transaction of a door: commits at the end, rolls back on any error.

    On SQLite it takes the write lock at once, because a read transaction that turns into a
    writer fails when another writer was faster.
    """
    session = db.session()
    session.rollback()
    with turn_to_write():
        session.connection(execution_options={"begin_immediate": True})
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


@contextmanager
def bare_transaction() -> Iterator[Connection]:
    """A write transaction for plain SQL only, at half the cost: webhooks come by the thousand."""
    with turn_to_write(), db.engine.connect() as connection:
        connection.execution_options(begin_immediate=True)
        with connection.begin():
            yield connection


@contextmanager
def turn_to_write() -> Iterator[None]:
    """Wait in line for SQLite's one writer, over all threads and processes of this machine.

    SQLite itself has no line: who finds it locked sleeps longer and longer, up to 0.1 s, while others slip in.
    """
    path = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    with open(f"{path}-turn", "a") as line:
        flock(line, LOCK_EX)
        yield


@contextmanager
def glance() -> Iterator[Connection]:
    """For one read of its own, without the cost of a transaction around it."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@contextmanager
def spare_transaction() -> Iterator[Connection | None]:
    """For a write that may be left out: None where SQLite's one writer is busy, so that nobody waits for it."""
    with db.engine.connect() as connection, impatient(connection):
        connection.execution_options(begin_immediate=True)
        try:
            begun = connection.begin()
        except OperationalError:
            yield None
            return
        with begun:
            yield connection


@contextmanager
def impatient(connection: Connection) -> Iterator[None]:
    """Have SQLite refuse at once where it would wait for a lock."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    (usual,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout=0")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(usual)}")


@event.listens_for(Session, "before_flush")
def refuse_writes_outside_a_transaction(session: Session, *_: object) -> None:
    if not session.connection().get_execution_options().get("begin_immediate"):
        raise RuntimeError("rows are written inside db.transaction() only")


@event.listens_for(Engine, "connect")
def prepare_sqlite(connection: object, _: ConnectionPoolEntry) -> None:
    """WAL lets readers and one writer work side by side; FULL makes an acknowledged event survive a power cut."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        immediate = connection.get_execution_options().get("begin_immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
