"""Finds the workspaces, clients and resources that reports name, and locks them until the records are counted.

A workspace that is archived or moved meanwhile, and a client that gets a new period, wait for the records and count
them; the records wait for a change that was first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Boolean, Select, bindparam, or_, select

from billingportal.db import Database
from billingportal.domain.common.references import Ref
from billingportal.domain.usage.counting.given import Columns, dialect_of, given_rows, parameters
from billingportal.models import Client, Meter, PlanPrice, Price, Resource, Workspace
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.resource import ResourceKind
from billingportal.models.rehearsal.visibility import HIDDEN_CLIENTS, shows_rehearsals

IDS: Columns = (("id", int),)
EXTERNAL_IDS: Columns = (("external_id", str),)
SHOWS = bindparam("shows_rehearsals", type_=Boolean())


@dataclass(frozen=True)
class FoundWorkspace:
    id: int
    client_id: int
    is_archived: bool


@dataclass(frozen=True)
class FoundResource:
    """`counts_events`: a plan bills it by a meter that counts events, whatever their value."""

    id: int
    key: str
    kind: ResourceKind
    counts_events: bool = False


def find_workspaces(database: Database, mode: Mode, refs: Iterable[Ref]) -> Mapping[Ref, FoundWorkspace]:
    """The workspaces of this mode, locked against archiving and moving."""
    shows = shows_rehearsals(database)
    found: dict[Ref, FoundWorkspace] = {}
    for columns, given in by_column(refs):
        dialect = dialect_of(database)
        values = {**parameters(columns, dialect, given), "mode": mode, "shows_rehearsals": shows}
        rows = database.execute(workspaces(columns, dialect), values)
        for id_, external_id, client_id, archived_at in rows:
            ref = Ref(id=id_) if columns is IDS else Ref(external_id=external_id)
            found[ref] = FoundWorkspace(id_, client_id, archived_at is not None)
    return found


def find_clients(database: Database, mode: Mode, refs: Iterable[Ref]) -> Mapping[Ref, int]:
    """The ids of the clients of this mode."""
    shows = shows_rehearsals(database)
    found: dict[Ref, int] = {}
    for columns, given in by_column(refs):
        dialect = dialect_of(database)
        values = {**parameters(columns, dialect, given), "mode": mode, "shows_rehearsals": shows}
        rows = database.execute(clients(columns, dialect), values)
        for id_, external_id in rows:
            found[Ref(id=id_) if columns is IDS else Ref(external_id=external_id)] = id_
    return found


def lock_clients(database: Database, client_ids: Iterable[int]) -> None:
    """Keep these clients' periods as they are until the transaction ends."""
    dialect = dialect_of(database)
    if dialect == "postgresql":
        given = parameters(IDS, dialect, [(one,) for one in set(client_ids)])
        database.execute(clients_to_lock(dialect), given).all()


def find_resources(database: Database) -> Mapping[str, FoundResource]:
    """All resources by key."""
    rows = database.execute(RESOURCES)
    return {key: FoundResource(id_, key, kind, counts_events) for id_, key, kind, counts_events in rows}


def by_column(refs: Iterable[Ref]) -> list[tuple[Columns, list[tuple[int] | tuple[str]]]]:
    """What the refs name, by the column in which to look; columns that none names are left out."""
    unlike = set(refs)
    ids: list[tuple[int] | tuple[str]] = [(ref.id,) for ref in unlike if ref.id is not None]
    names: list[tuple[int] | tuple[str]] = [(ref.external_id,) for ref in unlike if ref.external_id is not None]
    return [(columns, rows) for columns, rows in ((IDS, ids), (EXTERNAL_IDS, names)) if rows]


# Accounts have a few meters, and rarely one that counts.
COUNTED_BY_EVENT = (
    select(PlanPrice.resource_id)
    .join(
        Price,
        (Price.processor_account_id == PlanPrice.processor_account_id)
        & (Price.stripe_price_id == PlanPrice.stripe_price_id),
    )
    .join(
        Meter,
        (Meter.processor_account_id == Price.processor_account_id) & (Meter.stripe_meter_id == Price.stripe_meter_id),
    )
    .where(Meter.aggregation == "count", PlanPrice.role == "usage", PlanPrice.is_hidden.is_(False))
)
RESOURCES = select(Resource.id, Resource.key, Resource.kind, Resource.id.in_(COUNTED_BY_EVENT))


@cache
def workspaces(columns: Columns, dialect: str) -> Select[int, str | None, int, datetime | None]:
    given = given_rows(columns, dialect)
    wanted = Workspace.id == given.c.id if columns is IDS else Workspace.external_id == given.c.external_id
    return (
        select(Workspace.id, Workspace.external_id, Workspace.client_id, Workspace.archived_at)
        .join(given, wanted)
        .where(Workspace.mode == bindparam("mode"), or_(SHOWS, Workspace.client_id.not_in(HIDDEN_CLIENTS)))
        .order_by(Workspace.id)
        .with_for_update(read=True, of=Workspace)
    )


@cache
def clients(columns: Columns, dialect: str) -> Select[int, str | None]:
    given = given_rows(columns, dialect)
    # No join: SQLite would then read every client of the mode.
    by_id, by_name = Client.id.in_(select(given.c[0])), Client.external_id.in_(select(given.c[0]))
    wanted = by_id if columns is IDS else by_name
    return select(Client.id, Client.external_id).where(
        Client.mode == bindparam("mode"), wanted, or_(SHOWS, ~Client.is_rehearsal)
    )


@cache
def clients_to_lock(dialect: str) -> Select[int]:
    given = given_rows(IDS, dialect)
    return (
        select(Client.id).join(given, Client.id == given.c.id).order_by(Client.id).with_for_update(read=True, of=Client)
    )
