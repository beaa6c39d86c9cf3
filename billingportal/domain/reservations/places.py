"""What a reservation is held against: the client's limit, its use, and the pool, read in one statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, TextualSelect

from billingportal.clock import now
from billingportal.db import Database, UtcDateTime
from billingportal.domain.common.plain_sql import plain_sql
from billingportal.domain.common.references import Ref
from billingportal.domain.reservations.errors import UnknownResource, UnknownWorkspace
from billingportal.domain.usage.counting.checks import WORKSPACES
from billingportal.models.connection.processor_account import Mode
from billingportal.models.entitlements.entitlement import Access
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.plans.resource import ResourceKind
from billingportal.models.rehearsal.visibility import shows_rehearsals

# A client on a Stripe test clock counts in the clock's time.
PLACE = """
SELECT workspace.id AS workspace_id, workspace.client_id, workspace.archived_at,
  resource.id AS resource_id, resource.key AS resource_key, resource.kind,
  COALESCE(entitlement.access, 'limited') AS access, entitlement.plan_id,
  entitled_quota.quota, COALESCE(entitled_quota.reaction, 'block') AS reaction,
  client_usage.used, client_usage.reserved, client_usage.spending_cap, client_usage.period_ends_at,
  usage_pool.id IS NOT NULL AND NOT client.is_rehearsal AS has_pool, usage_pool.period_ends_at AS pool_ends_at,
  CASE WHEN workspace.mode = 'test' THEN (
    SELECT test_clock.frozen_at FROM client_customer
    JOIN customer ON customer.processor_account_id = client_customer.processor_account_id
      AND customer.stripe_customer_id = client_customer.stripe_customer_id
    JOIN test_clock ON test_clock.processor_account_id = customer.processor_account_id
      AND test_clock.stripe_test_clock_id = customer.stripe_test_clock_id
    WHERE client_customer.client_id = workspace.client_id AND test_clock.deleted_at IS NULL LIMIT 1
  ) END AS clock_time
FROM workspace
JOIN client ON client.id = workspace.client_id AND (:shows_rehearsals OR NOT client.is_rehearsal)
LEFT JOIN resource ON {resource}
LEFT JOIN entitlement ON entitlement.client_id = workspace.client_id
LEFT JOIN entitled_quota ON entitled_quota.client_id = workspace.client_id
  AND entitled_quota.resource_id = resource.id
LEFT JOIN client_usage ON client_usage.client_id = workspace.client_id AND client_usage.resource_id = resource.id
LEFT JOIN usage_pool ON usage_pool.mode = workspace.mode AND usage_pool.resource_id = resource.id
WHERE {workspace}
"""
BY_KEY, BY_ID = "resource.key = :resource_key", "resource.id = :resource_id"
EXTERNAL = "workspace.mode = :mode AND workspace.external_id = :external_id"
OWN = "workspace.id = :workspace_id AND workspace.mode = :mode"


def place_statement(resource: str, workspace: str) -> TextualSelect:
    statement = PLACE.replace("{resource}", resource).replace("{workspace}", workspace)
    time = UtcDateTime()
    return plain_sql(statement).columns(archived_at=time, period_ends_at=time, pool_ends_at=time, clock_time=time)


PLACE_BY_EXTERNAL_ID = place_statement(BY_KEY, EXTERNAL)
PLACE_BY_ID = place_statement(BY_KEY, OWN)
PLACE_OF_RESERVATION = place_statement(BY_ID, OWN)


@dataclass(frozen=True)
class Place:
    """`quota` None is unlimited. `used` None: the client has used nothing of it yet. `moment` is the client's time.

    `counts_itself`: the portal counts the resource, so that nobody reports it.
    """

    workspace_id: int
    client_id: int
    is_archived: bool
    resource_id: int
    kind: ResourceKind
    counts_itself: bool
    access: Access
    quota: int | None
    reaction: Reaction
    used: int | None
    reserved: int
    spending_cap: int | None
    is_period_over: bool
    has_pool: bool
    pool_ends_at: datetime | None
    moment: datetime

    @property
    def most(self) -> int | None:
        """How much may be used and reserved at most: the quota, or the client's spending cap. None: no limit."""
        return {"block": self.quota, "warn": None, "bill": self.spending_cap}[self.reaction]

    def is_over(self, used: int, reserved: int) -> bool:
        """Whether use and reservations are above the quota."""
        return self.quota is not None and used + reserved > self.quota


def find_place(database: Database, mode: Mode, workspace: Ref, resource_key: str) -> Place:
    """The place of a new reservation. Raises UnknownWorkspace or UnknownResource."""
    shows = shows_rehearsals(database)
    values: dict[str, object] = {"mode": mode, "resource_key": resource_key, "shows_rehearsals": shows}
    if workspace.id is not None:
        row = database.execute(PLACE_BY_ID, {**values, "workspace_id": workspace.id}).first()
    else:
        row = database.execute(PLACE_BY_EXTERNAL_ID, {**values, "external_id": workspace.external_id}).first()
    if row is None:
        raise UnknownWorkspace
    if row.resource_id is None:
        raise UnknownResource
    return read_place(row)


def present_place(database: Database, mode: Mode, workspace_id: int, resource_id: int) -> Place:
    """Where a reservation of this workspace stands now: the workspace may have moved."""
    values = {"mode": mode, "workspace_id": workspace_id, "resource_id": resource_id, "shows_rehearsals": True}
    return read_place(database.execute(PLACE_OF_RESERVATION, values).one())


def read_place(row: Row[*tuple[object, ...]]) -> Place:
    moment = row.clock_time or now()
    return Place(
        workspace_id=row.workspace_id,
        client_id=row.client_id,
        is_archived=row.archived_at is not None,
        resource_id=row.resource_id,
        kind=row.kind,
        counts_itself=row.resource_key == WORKSPACES,
        access=row.access,
        quota=row.quota,
        reaction=row.reaction,
        used=row.used,
        reserved=row.reserved or 0,
        spending_cap=row.spending_cap,
        is_period_over=row.kind == "counter" and (row.period_ends_at is None or row.period_ends_at <= moment),
        has_pool=bool(row.has_pool),
        pool_ends_at=row.pool_ends_at,
        moment=moment,
    )
