"""The database: declarative base, UTC and decimal columns, write transactions."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, cast

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, Connection, Dialect, Integer, MetaData, String, TypeDecorator, event
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, registry
from sqlalchemy.types import TypeEngine

from billingportal.database import postgresql, sqlite
from billingportal.database.limits import LIMITS, Work
from billingportal.database.unavailable import UNAVAILABLE, trouble_of
from billingportal.database.write_line import Look
from billingportal.database.writers import Writers
from billingportal.plain_json import Json, JsonObject

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both databases. A naive time is refused, since its zone would be a guess."""

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
    """An exact decimal stored as text, since SQLite would make it a float."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


PrimaryKey = Annotated[int, mapped_column(primary_key=True)]
# For tables of more than two thousand million rows. SQLite counts up only in a column of its own INTEGER.
LargeKey = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
type_map: dict[object, TypeEngine[Any]] = {
    datetime: UtcDateTime(),
    Decimal: DecimalText(),
    JsonObject: JSON(),
    list[Json]: JSON(none_as_null=True),
}


class Base(DeclarativeBase):
    """Base of every table. It sets the whole registry, as Flask-SQLAlchemy derives its Model from this class."""

    registry = registry(metadata=MetaData(naming_convention=NAMES), type_annotation_map=type_map)


WRITERS = "billingportal_writers"
db = SQLAlchemy(model_class=Base, disable_autonaming=True)


# Opens transactions in work that waits for Stripe between them.
Transaction = Callable[[], AbstractContextManager[Session]]
# Runs plain SQL. A bare connection avoids a session's overhead per statement.
Database = Session | Connection


def init_app(app: Flask, work: Work) -> None:
    """Set up the application's database with the time limits for this kind of work."""
    db.init_app(app)
    app.teardown_appcontext(end_session_of_request)
    limits = LIMITS[work]
    with app.app_context():
        app.extensions[WRITERS] = Writers(db.engine, limits)
        if db.engine.dialect.name == "postgresql":
            postgresql.watch(db.engine, limits)


def roll_back(session: Session) -> None:
    """Roll back the transaction. A dead connection is no failure: then the server has rolled it back."""
    try:
        session.rollback()
    except UNAVAILABLE:
        session.invalidate()


def end_session_of_request(_: BaseException | None) -> None:
    """Roll back before Flask-SQLAlchemy does: its rollback on a dead connection would make an error of the answer."""
    if db.session.registry.has():
        roll_back(db.session())


def writers() -> Writers:
    return cast(Writers, current_app.extensions[WRITERS])


@contextmanager
def transaction() -> Iterator[Session]:
    """A write transaction: commits at the end, rolls back on any error.

    On SQLite it takes the write lock at once, because a read transaction that turns into a
    writer fails when another writer was faster. Raises one of `UNAVAILABLE` when it cannot begin in time.
    """
    session = db.session()
    roll_back(session)
    with writers().turn() as turn:
        try:
            session.connection(execution_options={"begin_immediate": True, "write_seconds": turn.seconds_left})
            turn.begun()
            yield session
            session.commit()
        except BaseException:
            roll_back(session)
            raise


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading many rows: unlike a write transaction it keeps no other writer waiting."""
    session = db.session()
    roll_back(session)
    try:
        yield session
    finally:
        roll_back(session)


@contextmanager
def bare_transaction() -> Iterator[Connection]:
    """A write transaction for plain SQL only, at half the cost, for thousands of webhooks."""
    with writers().turn() as turn, db.engine.connect() as connection:
        connection.execution_options(begin_immediate=True, write_seconds=turn.seconds_left)
        with connection.begin():
            turn.begun()
            yield connection


def standstill(seconds: int) -> Look | None:
    """The blocked queue of SQLite's writers, when no write began for so many seconds; else None."""
    line = writers().line
    look = line.look() if line else None
    if look is None or look.seconds is None or look.seconds < seconds:
        return None
    return look if look.process is not None or is_locked_by_a_stranger() else None


def is_locked_by_a_stranger() -> bool:
    """Whether a program outside the writers' queue has SQLite's write lock."""
    try:
        with db.engine.connect().execution_options(begin_immediate=True, write_seconds=0) as connection:
            connection.begin().rollback()
    except OperationalError as error:
        if trouble_of(error) != "busy":
            raise
        return True
    return False


@contextmanager
def glance() -> Iterator[Connection]:
    """A connection for single reads, without the cost of a transaction.

    On SQLite to change the isolation level and back costs three times as much as the read itself.
    """
    is_sqlite = db.engine.dialect.name == "sqlite"
    options = {"is_glance": True} if is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with db.engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def spare_transaction() -> Iterator[Connection | None]:
    """A transaction for an optional write: None while another writer has SQLite's lock, so it waits for nobody."""
    with db.engine.connect() as connection:
        connection.execution_options(begin_immediate=True, write_seconds=0)
        try:
            begun = connection.begin()
        except OperationalError:
            yield None
            return
        with begun:
            yield connection


@event.listens_for(Session, "before_flush")
def refuse_writes_outside_a_transaction(session: Session, *_: object) -> None:
    if not session.connection().get_execution_options().get("begin_immediate"):
        raise RuntimeError("rows are written inside db.transaction() only")


event.listen(Engine, "do_connect", sqlite.make_file)
event.listen(Engine, "connect", sqlite.prepare)
event.listen(Engine, "begin", sqlite.begin)
