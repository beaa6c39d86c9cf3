"""Whether a client's gauge is reported by workspace or for the whole client: one or the other, never both."""

from collections.abc import Iterable
from functools import cache
from typing import Literal

from sqlalchemy import Select, exists, select, text

from billingportal.db import Database
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, parameters
from billingportal.models import ClientLevel, Workspace, WorkspaceUsage

Pair = tuple[int, int]  # client id, resource id
Scope = Literal["workspaces", "client"]
PAIRS: Columns = (("client_id", int), ("resource_id", int))


def scopes_of(database: Database, pairs: Iterable[Pair]) -> dict[Pair, Scope]:
    """How these gauges are reported. Those that were never reported are left out, and locked until the transaction
    ends, so that two first reports cannot decide differently.
    """
    wanted = sorted(set(pairs))
    found = read_scopes(database, wanted)
    open_ = [pair for pair in wanted if pair not in found]
    if open_ and dialect_of(database) == "postgresql":
        for client_id, resource_id in open_:
            database.execute(LOCK, {"client_id": client_id, "resource_id": resource_id})
        found |= read_scopes(database, open_)
    return found


LOCK = text("SELECT pg_advisory_xact_lock(CAST(:client_id AS integer), CAST(:resource_id AS integer))")


def read_scopes(database: Database, pairs: list[Pair]) -> dict[Pair, Scope]:
    if not pairs:
        return {}
    dialect = dialect_of(database)
    rows = database.execute(scope_rows(dialect), parameters(PAIRS, dialect, pairs))
    return {
        (client_id, resource_id): "client" if is_client else "workspaces"
        for client_id, resource_id, is_client, is_by_workspace in rows
        if is_client or is_by_workspace
    }


@cache
def scope_rows(dialect: str) -> Select[int, int, bool, bool]:
    given = given_rows(PAIRS, dialect)
    whole = exists().where(ClientLevel.client_id == given.c.client_id, ClientLevel.resource_id == given.c.resource_id)
    parts = exists(
        select(WorkspaceUsage.id)
        .join(Workspace, Workspace.id == WorkspaceUsage.workspace_id)
        .where(Workspace.client_id == given.c.client_id, WorkspaceUsage.resource_id == given.c.resource_id)
    )
    return select(given.c.client_id, given.c.resource_id, whole, parts)
