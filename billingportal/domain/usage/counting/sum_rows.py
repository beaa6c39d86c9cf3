"""Writes what a batch adds up to: a statement for each table, rows in the order of their keys."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache

from sqlalchemy import ColumnElement, Insert, TextClause, and_, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from billingportal.db import Base, Database
from billingportal.domain.usage.counting.given import Columns, Value, dialect_of, given_rows, insert_into, parameters
from billingportal.domain.usage.counting.sums import Key, Level, Sums
from billingportal.models import ClientLevel, UsageDay, UsageTotal, WorkspaceUsage
from billingportal.models.usage.usage_day import BY_CLIENT, BY_WORKSPACE

Row = Sequence[Value | date]
OnConflict = postgresql.Insert | sqlite.Insert
LevelTable = type[WorkspaceUsage] | type[ClientLevel] | type[UsageDay]

TOTAL: Columns = (
    ("client_id", int),
    ("resource_id", int),
    ("period_starts_at", datetime),
    ("period_ends_at", datetime),
    ("used", int),
)
DAY: Columns = (("client_id", int), ("resource_id", int), ("day", date), ("workspace_id", int), ("used", int))
MEASURED: Columns = (("measured_at", datetime), ("record_id", int))
LEVEL_DAY: Columns = (*DAY, *MEASURED)
WORKSPACE_LEVEL: Columns = (("workspace_id", int), ("resource_id", int), ("used", int), *MEASURED)
CLIENT_LEVEL: Columns = (("client_id", int), ("resource_id", int), ("used", int), *MEASURED)


def write_sums(database: Database, sums: Sums) -> None:
    """Add to totals and days, and replace levels by newer ones."""
    dialect = dialect_of(database)
    write(database, added_totals(dialect), TOTAL, [(*key, sums.totals[key]) for key in sorted(sums.totals)])
    for is_whole in (False, True):
        days = [(*key, sums.days[key]) for key in sorted(sums.days) if (key[3] is None) == is_whole]
        write(database, added_days(dialect, is_whole), DAY, days)
        levels = {key: level for key, level in sums.level_days.items() if (key[3] is None) == is_whole}
        write(database, newer_days(dialect, is_whole), LEVEL_DAY, level_rows(levels))
    of_workspaces, of_clients = level_rows(sums.workspace_levels), level_rows(sums.client_levels)
    write(database, newer_levels(WorkspaceUsage, dialect), WORKSPACE_LEVEL, of_workspaces)
    write(database, newer_levels(ClientLevel, dialect), CLIENT_LEVEL, of_clients)


def level_rows(levels: Mapping[Key, Level]) -> list[Row]:
    """One row for each level, in the order of the keys: the key, the level, when it was measured and its record."""
    return [(*key, used, measured_at, id_) for key, (measured_at, id_, used) in sorted(levels.items())]


def write(database: Database, statement: Insert, columns: Columns, rows: Sequence[Row]) -> None:
    if rows:
        database.execute(statement, parameters(columns, dialect_of(database), rows))


@cache
def added_totals(dialect: str) -> Insert:
    added = insert_rows(UsageTotal, TOTAL, dialect)
    more = {"used": UsageTotal.used + added.excluded.used}
    return added.on_conflict_do_update(index_elements=[name for name, _ in TOTAL[:3]], set_=more)


@cache
def added_days(dialect: str, is_whole: bool) -> Insert:
    added = insert_rows(UsageDay, DAY, dialect)
    names, where = day_index(is_whole)
    more = {"used": UsageDay.used + added.excluded.used}
    return added.on_conflict_do_update(index_elements=names, index_where=where, set_=more)


@cache
def newer_days(dialect: str, is_whole: bool) -> Insert:
    added = insert_rows(UsageDay, LEVEL_DAY, dialect)
    names, where = day_index(is_whole)
    return added.on_conflict_do_update(
        index_elements=names, index_where=where, set_=new_level(added), where=is_newer(added, UsageDay)
    )


@cache
def newer_levels(table: type[WorkspaceUsage] | type[ClientLevel], dialect: str) -> Insert:
    columns = WORKSPACE_LEVEL if table is WorkspaceUsage else CLIENT_LEVEL
    added = insert_rows(table, columns, dialect)
    names = [name for name, _ in columns[:2]]
    return added.on_conflict_do_update(index_elements=names, set_=new_level(added), where=is_newer(added, table))


def insert_rows(table: type[Base], columns: Columns, dialect: str) -> OnConflict:
    """Insert the given rows. SQLite wants a WHERE between SELECT and ON CONFLICT."""
    given = given_rows(columns, dialect)
    names = [name for name, _ in columns]
    return insert_into(table, dialect).from_select(
        names, select(*(given.c[name] for name in names)).where(literal(True))
    )


def day_index(is_whole: bool) -> tuple[list[str], TextClause]:
    names = ["client_id", "resource_id", "day"]
    return (names, BY_CLIENT) if is_whole else ([*names, "workspace_id"], BY_WORKSPACE)


def new_level(added: OnConflict) -> dict[str, ColumnElement[int] | ColumnElement[datetime]]:
    return {name: added.excluded[name] for name in ("used", "measured_at", "record_id")}


def is_newer(added: OnConflict, table: LevelTable) -> ColumnElement[bool]:
    """Measured later, or at the same time and reported later. A level without a record is the oldest of its time."""
    new, old = added.excluded, table.__table__.c
    return or_(
        old.measured_at.is_(None),
        new.measured_at > old.measured_at,
        and_(new.measured_at == old.measured_at, new.record_id > func.coalesce(old.record_id, 0)),
    )
