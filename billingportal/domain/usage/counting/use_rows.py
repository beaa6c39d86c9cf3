"""The rows of `client_usage` with their resources and quotas: read, locked and written in bulk."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Insert, Select, Update, and_, bindparam, case, literal, select, update

from billingportal.db import Database
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, insert_into, parameters
from billingportal.domain.usage.counting.scopes import PAIRS, Pair
from billingportal.domain.usage.periods import Period
from billingportal.models import ClientUsage, EntitledQuota, Resource
from billingportal.models.plans.resource import ResourceKind

StoredRows = Select[int, int, int, int, datetime | None, datetime | None, ResourceKind, str, int | None]
CHANGES: Columns = (("id", int), ("used", int), ("starts_at", datetime), ("ends_at", datetime))


@dataclass(frozen=True)
class Use:
    """`limit` None is unlimited, or not known yet. `risen`: by how much a gauge was changed just now."""

    used: int
    limit: int | None
    risen: int = 0

    @property
    def over(self) -> bool:
        return self.limit is not None and self.used > self.limit


@dataclass(frozen=True)
class Row:
    """A stored row with its resource and quota."""

    id: int
    client_id: int
    resource_id: int
    used: int
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    kind: ResourceKind
    key: str
    limit: int | None

    @property
    def pair(self) -> Pair:
        return self.client_id, self.resource_id


@dataclass(frozen=True)
class Change:
    """What a row becomes."""

    row: Row
    used: int
    period: Period | None

    @property
    def is_needed(self) -> bool:
        period = (self.period.starts_at, self.period.ends_at) if self.period else (None, None)
        return (self.used, *period) != (self.row.used, self.row.period_starts_at, self.row.period_ends_at)

    @property
    def use(self) -> Use:
        return Use(self.used, self.row.limit, self.used - self.row.used)


def lock_rows(database: Database, pairs: Collection[Pair], moment: datetime) -> list[Row]:
    """The rows of these clients and resources, locked in their order. Missing ones are added, with revision 0."""
    wanted = sorted(set(pairs))
    if not wanted:
        return []
    dialect = dialect_of(database)
    given = parameters(PAIRS, dialect, wanted)
    found = database.execute(rows_to_lock(dialect), given).all()
    if len(found) < len(wanted):
        database.execute(missing_rows(dialect), {**given, "moment": moment})
        found = database.execute(rows_to_lock(dialect), given).all()
    return [Row(*row) for row in found]


def read_rows(database: Database, pairs: Collection[Pair]) -> list[Row]:
    """The stored rows of these clients and resources. Missing ones are left out."""
    if not pairs:
        return []
    dialect = dialect_of(database)
    return [Row(*row) for row in database.execute(rows_of(dialect), parameters(PAIRS, dialect, sorted(pairs)))]


def write_changes(database: Database, changes: Sequence[Change], moment: datetime) -> None:
    """Write what rows become. Each gets a new revision, unless it only learns its first period."""
    if not changes:
        return
    dialect = dialect_of(database)
    rows = [
        (one.row.id, one.used, *((one.period.starts_at, one.period.ends_at) if one.period else (None, None)))
        for one in changes
    ]
    database.execute(changed_rows(dialect), {**parameters(CHANGES, dialect, rows), "moment": moment})


def touch(database: Database, pairs: Collection[Pair], moment: datetime) -> None:
    """Give rows a new revision: something about them has changed that is not in the row. They are locked already."""
    if pairs:
        dialect = dialect_of(database)
        database.execute(touched_rows(dialect), {**parameters(PAIRS, dialect, sorted(pairs)), "moment": moment})


@cache
def touched_rows(dialect: str) -> Update:
    given = given_rows(PAIRS, dialect)
    return (
        update(ClientUsage)
        .where(ClientUsage.client_id == given.c.client_id, ClientUsage.resource_id == given.c.resource_id)
        .values(revision=ClientUsage.revision + 1, changed_at=bindparam("moment", type_=ClientUsage.changed_at.type))
        .execution_options(synchronize_session=False)
    )


@cache
def rows_of(dialect: str) -> StoredRows:
    given = given_rows(PAIRS, dialect)
    return (
        select(
            ClientUsage.id,
            ClientUsage.client_id,
            ClientUsage.resource_id,
            ClientUsage.used,
            ClientUsage.period_starts_at,
            ClientUsage.period_ends_at,
            Resource.kind,
            Resource.key,
            EntitledQuota.quota,
        )
        .join(
            given,
            and_(ClientUsage.client_id == given.c.client_id, ClientUsage.resource_id == given.c.resource_id),
        )
        .join(Resource, Resource.id == ClientUsage.resource_id)
        .outerjoin(
            EntitledQuota,
            and_(
                EntitledQuota.client_id == ClientUsage.client_id,
                EntitledQuota.resource_id == ClientUsage.resource_id,
            ),
        )
    )


@cache
def rows_to_lock(dialect: str) -> StoredRows:
    ordered = rows_of(dialect).order_by(ClientUsage.client_id, ClientUsage.resource_id)
    return ordered.with_for_update(of=ClientUsage, key_share=True)


@cache
def missing_rows(dialect: str) -> Insert:
    given = given_rows(PAIRS, dialect)
    zero = literal(0)
    rows = select(
        given.c.client_id,
        given.c.resource_id,
        zero,
        zero,
        zero,
        zero,
        bindparam("moment", type_=ClientUsage.changed_at.type),
    ).where(literal(True))
    names = ("client_id", "resource_id", "used", "reserved", "revision", "checked_revision", "changed_at")
    return insert_into(ClientUsage, dialect).from_select(names, rows).on_conflict_do_nothing()


@cache
def changed_rows(dialect: str) -> Update:
    given = given_rows(CHANGES, dialect)
    is_same = (ClientUsage.used == given.c.used) & ClientUsage.period_starts_at.is_(None)
    return (
        update(ClientUsage)
        .where(ClientUsage.id == given.c.id)
        .values(
            used=given.c.used,
            period_starts_at=given.c.starts_at,
            period_ends_at=given.c.ends_at,
            revision=ClientUsage.revision + case((is_same, 0), else_=1),
            changed_at=bindparam("moment", type_=ClientUsage.changed_at.type),
        )
        .execution_options(synchronize_session=False)
    )
