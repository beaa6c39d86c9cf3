"""The SQL of one object type's rows, built once: to build a statement takes longer than to run it."""

from functools import cache

from sqlalchemy import Insert, Select, Table, Update, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billingportal.db import Database
from billingportal.domain.sync.object_types import ObjectType
from billingportal.models import WebhookEndpoint


@cache
def find_row(kind: ObjectType) -> Select[tuple[object, ...]]:
    """Select one row by `account_id` and `object_id`, locked until the transaction ends."""
    columns = kind.table.c
    return (
        select(kind.table)
        .where(
            columns.processor_account_id == bindparam("account_id"), columns[kind.id_column] == bindparam("object_id")
        )
        .with_for_update()
    )


@cache
def change_row(kind: ObjectType) -> Update:
    """Update the given columns of the row with this `row_id`."""
    return update(kind.table).where(kind.table.c.id == bindparam("row_id"))


def add_row(database: Database, table: Table) -> Insert:
    """Insert a row; returns its id, or nothing when another transaction added it first."""
    return insert_unless_there(table, dialect_of(database))


def add_proven(database: Database, table: Table) -> Insert:
    """The same, only if the webhook endpoint with `proof_token` has `proof_secret`."""
    return insert_if_proven(table, dialect_of(database))


def dialect_of(database: Database) -> str:
    connection = database.connection() if isinstance(database, Session) else database
    return connection.dialect.name


@cache
def insert_unless_there(table: Table, dialect: str) -> Insert:
    return insert_into(table, dialect).on_conflict_do_nothing().returning(table.c.id)


@cache
def insert_if_proven(table: Table, dialect: str) -> Insert:
    columns = [column for column in table.c if not column.primary_key]
    proof = exists().where(
        WebhookEndpoint.token == bindparam("proof_token"), WebhookEndpoint.secret_sealed == bindparam("proof_secret")
    )
    values = select(*(bindparam(column.name, type_=column.type) for column in columns)).where(proof)
    given = insert_into(table, dialect).from_select(columns, values)
    return given.on_conflict_do_nothing().returning(table.c.id)


def insert_into(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
