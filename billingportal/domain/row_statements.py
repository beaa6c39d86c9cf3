"""The SQL of one kind's rows, built once: to build a statement takes longer than to run it."""

from functools import cache

from sqlalchemy import Insert, Select, Table, Update, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billingportal.db import Database
from billingportal.domain.kinds import Kind


@cache
def find(kind: Kind) -> Select[tuple[object, ...]]:
    """One row by `account_id` and `object_id`, locked for the length of the transaction."""
    columns = kind.table.c
    return (
        select(kind.table)
        .where(
            columns.processor_account_id == bindparam("account_id"), columns[kind.id_column] == bindparam("object_id")
        )
        .with_for_update()
    )


@cache
def change(kind: Kind) -> Update:
    """All columns that are given, of the row with this `row_id`."""
    return update(kind.table).where(kind.table.c.id == bindparam("row_id"))


def add(database: Database, table: Table) -> Insert:
    """A row that may have been added by another transaction; returns its id unless it was."""
    connection = database.connection() if isinstance(database, Session) else database
    return insert_unless_there(table, connection.dialect.name)


@cache
def insert_unless_there(table: Table, dialect: str) -> Insert:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing().returning(table.c.id)
