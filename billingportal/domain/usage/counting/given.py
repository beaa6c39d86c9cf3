"""Rows that a statement gets as one parameter or one a column: 500 of them cost one statement.

PostgreSQL reads arrays with `unnest`, SQLite reads JSON with `json_each`. Both get text that is made here: the drivers
take ten times as long to write lists.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import BigInteger, Date, FromClause, String, Table, bindparam, cast, column, func, select, type_coerce
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
        arrays = [
            cast(bindparam(f"given_{name}", type_=String()), postgresql.ARRAY(TYPES[kind])) for name, kind in columns
        ]
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
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    if dialect == "postgresql":
        return {f"given_{name}": ARRAYS[kind](values) for (name, kind), values in zip(columns, by_column, strict=True)}
    stored = [
        as_stored(values) if kind in (date, datetime) else values
        for (_, kind), values in zip(columns, by_column, strict=True)
    ]
    return {"given": json.dumps(list(zip(*stored, strict=True)))}


def plain_array(values: Sequence[object]) -> str:
    """PostgreSQL's text of an array of numbers or days."""
    return f"{{{','.join(map(str, values))}}}".replace("None", "NULL")


def text_array(values: Sequence[object]) -> str:
    """PostgreSQL's text of an array of texts: each is quoted, quotes and backslashes in it are escaped."""
    escaped = [str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(escaped) + '"}' if escaped else "{}"


def time_array(values: Sequence[object]) -> str:
    """PostgreSQL's text of an array of times. Many are alike, and each is written once."""
    texts = {value: f'"{value}"' if value is not None else "NULL" for value in set(values)}
    return f"{{{','.join([texts[value] for value in values])}}}"


ARRAYS: dict[Kind, Callable[[Sequence[object]], str]] = {
    int: plain_array,
    str: text_array,
    date: plain_array,
    datetime: time_array,
}


def as_stored(values: Sequence[Value | date]) -> list[str | None]:
    """Times or days as SQLAlchemy stores them in SQLite. Many are alike, and each is written once."""
    texts = {value: stored_text(value) for value in set(values)}
    return [texts[value] for value in values]


def stored_text(value: Value | date) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return None if value is None else str(value)
