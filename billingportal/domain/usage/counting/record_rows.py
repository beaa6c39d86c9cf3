"""Stores records, each key once for ever, and finds stored ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import CursorResult, Insert, Select, bindparam, func, literal, select, text

from billingportal.db import Database
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, insert_into, parameters
from billingportal.models import UsageRecord
from billingportal.models.connection.processor_account import Mode

COLUMNS: Columns = (
    ("id", int),
    ("key", str),
    ("client_id", int),
    ("resource_id", int),
    ("workspace_id", int),
    ("amount", int),
    ("at", datetime),
)
KEYS: Columns = (("key", str),)
NAMES = tuple(name for name, _ in COLUMNS)


@dataclass(frozen=True)
class Record:
    """A record that is counted. A new one has reserved its `id`."""

    id: int
    key: str
    client_id: int
    resource_id: int
    workspace_id: int | None
    amount: int
    at: datetime

    def values(self) -> tuple[int, str, int, int, int | None, int, datetime]:
        return (self.id, self.key, self.client_id, self.resource_id, self.workspace_id, self.amount, self.at)


def reserve_ids(database: Database, number: int) -> Sequence[int]:
    """So many ids in their order: rows are written in the order of their keys, ids tell the order of arrival."""
    if dialect_of(database) == "postgresql":
        return sorted(database.execute(NEXT_IDS, {"number": number}).scalars())
    last = database.execute(select(func.max(UsageRecord.id))).scalar() or 0
    return range(last + 1, last + 1 + number)


def insert_records(database: Database, mode: Mode, records: Collection[Record], received_at: datetime) -> int:
    """Insert the records whose keys are new, in the order of their keys; returns how many those were.

    Two transactions with the same keys wait for each other in that order, so they never deadlock.
    """
    dialect = dialect_of(database)
    rows = [record.values() for record in sorted(records, key=lambda one: one.key)]
    given = {**parameters(COLUMNS, dialect, rows), "mode": mode, "received_at": received_at}
    result = database.execute(new_records(dialect), given)
    if not isinstance(result, CursorResult):
        raise TypeError("an insert without RETURNING has a cursor's result")
    return result.rowcount


def stored_records(database: Database, mode: Mode, keys: Collection[str]) -> dict[str, Record]:
    """The stored records with these keys, also those that were taken back."""
    if not keys:
        return {}
    dialect = dialect_of(database)
    rows = database.execute(records_by_key(dialect), {**parameters(KEYS, dialect, [(k,) for k in keys]), "mode": mode})
    return {row[1]: Record(*row) for row in rows}


NEXT_IDS = text("SELECT nextval('usage_record_id_seq') FROM generate_series(1, CAST(:number AS integer))")


@cache
def new_records(dialect: str) -> Insert:
    given = given_rows(COLUMNS, dialect)
    fixed = [bindparam("mode", type_=UsageRecord.mode.type), bindparam("received_at", type_=UsageRecord.at.type)]
    rows = select(*(given.c[name] for name in NAMES), *fixed).where(literal(True)).order_by(given.c.key)
    added = insert_into(UsageRecord, dialect).from_select([*NAMES, "mode", "received_at"], rows)
    return added.on_conflict_do_nothing(index_elements=["mode", "key"])


@cache
def records_by_key(dialect: str) -> Select[int, str, int, int, int | None, int, datetime]:
    given = given_rows(KEYS, dialect)
    return (
        select(
            UsageRecord.id,
            UsageRecord.key,
            UsageRecord.client_id,
            UsageRecord.resource_id,
            UsageRecord.workspace_id,
            UsageRecord.amount,
            UsageRecord.at,
        )
        # No join: SQLite would then read every record of the mode.
        .where(UsageRecord.mode == bindparam("mode"), UsageRecord.key.in_(select(given.c.key)))
    )
