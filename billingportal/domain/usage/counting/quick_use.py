"""The quick way to count reports in `client_usage`: one statement adds to the rows that are in their current period."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import Select, and_, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from billingportal.db import Database
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, parameters
from billingportal.domain.usage.counting.scopes import PAIRS, Pair
from billingportal.domain.usage.counting.use_rows import Use, read_rows
from billingportal.domain.usage.periods import Period
from billingportal.models import ClientUsage

ADDED: Columns = (*PAIRS, ("starts_at", datetime), ("ends_at", datetime), ("added", int))


def add_used(
    database: Database, added: Mapping[Pair, tuple[Period, int]], moment: datetime
) -> dict[Pair, tuple[Use, int]]:
    """Add to what clients use in their current periods; returns the use of each and what was added.

    Rows that are missing, or in another period, are left alone and left out. All are locked in their order first.
    """
    if not added:
        return {}
    dialect = dialect_of(database)
    rows = [(*pair, one.starts_at, one.ends_at, number) for pair, (one, number) in added.items()]
    if dialect == "postgresql":
        database.execute(locks_in_order(dialect), parameters(PAIRS, dialect, sorted(added)))
    given = {**parameters(ADDED, dialect, rows), "moment": moment}
    found = {(client_id, resource_id) for client_id, resource_id in database.execute(added_rows(dialect), given)}
    return {row.pair: (Use(row.used, row.limit), added[row.pair][1]) for row in read_rows(database, found)}


@cache
def locks_in_order(dialect: str) -> Select[int]:
    given = given_rows(PAIRS, dialect)
    same = and_(ClientUsage.client_id == given.c.client_id, ClientUsage.resource_id == given.c.resource_id)
    ordered = select(ClientUsage.id).join(given, same).order_by(ClientUsage.client_id, ClientUsage.resource_id)
    return select(func.count()).select_from(ordered.with_for_update(of=ClientUsage, key_share=True).subquery())


@cache
def added_rows(dialect: str) -> ReturningUpdate[int, int]:
    given = given_rows(ADDED, dialect)
    return (
        update(ClientUsage)
        .where(
            ClientUsage.client_id == given.c.client_id,
            ClientUsage.resource_id == given.c.resource_id,
            ClientUsage.period_starts_at == given.c.starts_at,
            ClientUsage.period_ends_at == given.c.ends_at,
        )
        .values(
            used=ClientUsage.used + given.c.added,
            revision=ClientUsage.revision + 1,
            changed_at=bindparam("moment", type_=ClientUsage.changed_at.type),
        )
        .returning(ClientUsage.client_id, ClientUsage.resource_id)
        .execution_options(synchronize_session=False)
    )
