"""Rows that a statement gets as one parameter or one a column: 500 of them cost one statement.

PostgreSQL reads arrays with `unnest`, SQLite reads JSON with `json_each`.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import BigInteger, Date, FromClause, String, Table, bindparam, column, func, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from billingportal.db import Base, Database, UtcDateTime

Value = int | str | datetime | None
Kind = type[int] | type[str] | type[datetime] | type[date]
Columns = tuple[tuple[str, Kind], ...]
TYPES: dict[Kind, TypeEngine[int] | TypeEngine[str] | TypeEngine[datetime] | TypeEngine[date]] = {
    int: BigInteger(),
    str: String(),
    datetime: UtcDateTime(),
    date: Date(),
}


def dialect_of(database: Database) -> str:
    connection = database.connection() if isinstance(database, Session) else database
    return connection.dialect.name


def insert_into(model: type[Base], dialect: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows conflicts, on the table itself: the bulk insert of the ORM is another thing."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is no table")
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def given_rows(columns: Columns, dialect: str) -> FromClause:
    """The rows as something to select from. Their values come with `parameters`."""
    if dialect == "postgresql":
        arrays = [bindparam(f"given_{name}", type_=postgresql.ARRAY(TYPES[kind])) for name, kind in columns]
        named = [column(name, TYPES[kind]) for name, kind in columns]
        return func.unnest(*arrays).table_valued(*named, name="given").render_derived()
    rows = func.json_each(bindparam("given", type_=String())).table_valued("value", name="rows")
    values = [
        type_coerce(func.json_extract(rows.c.value, f"$[{place}]"), TYPES[kind]).label(name)
        for place, (name, kind) in enumerate(columns)
    ]
    return select(*values).subquery("given")


def parameters(columns: Columns, dialect: str, rows: Iterable[Sequence[Value | date]]) -> dict[str, object]:
    """The parameters of a statement with `given_rows` of these columns."""
    if dialect == "postgresql":
        lists = list(zip(*rows, strict=True)) or [()] * len(columns)
        return {f"given_{name}": list(values) for (name, _), values in zip(columns, lists, strict=True)}
    return {"given": json.dumps(list(rows), default=as_stored)}


def as_stored(value: object) -> str:
    """A time or day as SQLAlchemy stores it in SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"cannot store {type(value).__name__}")
