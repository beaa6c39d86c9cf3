"""The statements of a client's entitlements for the host platform."""

from typing import Literal

from sqlalchemy import TextualSelect

from billingportal.db import UtcDateTime
from billingportal.domain.common.plain_sql import plain_sql

Named = Literal["client_id", "client_external_id", "workspace_id", "workspace_external_id"]
SEEN = "(:shows_rehearsals OR NOT client.is_rehearsal) AND client.mode = :mode AND "
BY_CLIENT = f"FROM client WHERE {SEEN}"
BY_WORKSPACE = f"FROM workspace JOIN client ON client.id = workspace.client_id WHERE {SEEN}workspace.mode = :mode AND "
NAMED: dict[Named, str] = {
    "client_id": BY_CLIENT + "client.id = :name",
    "client_external_id": BY_CLIENT + "client.external_id = :name",
    "workspace_id": BY_WORKSPACE + "workspace.id = :name",
    "workspace_external_id": BY_WORKSPACE + "workspace.external_id = :name",
}
# Everything that the answer's tag is made of. A client on a Stripe test clock has its own present. Each table is read
# once for the client, since MIN() or MAX() alone would let SQLite walk through the use of all clients by time.
HEAD = """
WITH who AS MATERIALIZED (
  SELECT client.id AS client_id, client.mode, CASE WHEN client.mode = 'test' THEN (
      SELECT test_clock.frozen_at FROM client_customer
      JOIN customer ON customer.processor_account_id = client_customer.processor_account_id
        AND customer.stripe_customer_id = client_customer.stripe_customer_id
      JOIN test_clock ON test_clock.processor_account_id = customer.processor_account_id
        AND test_clock.stripe_test_clock_id = customer.stripe_test_clock_id
      WHERE client_customer.client_id = client.id AND test_clock.deleted_at IS NULL LIMIT 1
    ) END AS clock_time
  {named}
),
counted AS MATERIALIZED (
  SELECT SUM(revision) AS revision, MIN(period_ends_at) AS until, MAX(changed_at) AS changed_at
  FROM client_usage WHERE client_id = (SELECT client_id FROM who)
),
pooled AS MATERIALIZED (
  SELECT CAST({array_of}({array}(resource_id,
      CASE WHEN ceiling > used + reserved THEN ceiling - used - reserved ELSE 0 END)) AS TEXT) AS remaining,
    MIN(period_ends_at) AS until
  FROM usage_pool WHERE mode = (SELECT mode FROM who)
),
listed AS MATERIALIZED (SELECT COUNT(*) AS number, MAX(created_at) AS created_at FROM resource)
SELECT who.client_id, who.mode, who.clock_time, entitlement.revision, plan.name AS plan_name,
  period.starts_at, period.ends_at, period.source AS period_source,
  (SELECT MIN(starts_at) FROM usage_period
    WHERE client_id = who.client_id AND starts_at > COALESCE(who.clock_time, :now)) AS next_starts_at,
  counted.revision AS use_revision, counted.until AS counted_until,
  pooled.remaining AS pools_remaining, pooled.until AS pooled_until,
  listed.number AS resource_count, listed.created_at AS resource_created_at{more}
FROM who CROSS JOIN counted CROSS JOIN pooled CROSS JOIN listed
LEFT JOIN entitlement ON entitlement.client_id = who.client_id
LEFT JOIN plan ON plan.id = entitlement.plan_id
LEFT JOIN usage_period AS period ON period.client_id = who.client_id AND period.starts_at = (
  SELECT MAX(starts_at) FROM usage_period
  WHERE client_id = who.client_id AND starts_at <= COALESCE(who.clock_time, :now))
"""
# The resources come as JSON in one row: rows that repeat the client's columns cost more than half of the time.
MORE = """,
  plan.key AS plan_key, entitlement.access, entitlement.standing, CAST(entitlement.reasons AS TEXT) AS reasons,
  entitlement.changed_at, counted.changed_at AS used_at,
  CAST((
    SELECT {array_of}({array}(resource.position, resource.id, resource.key, resource.kind, entitled_quota.quota,
      entitled_quota.reaction, entitled_quota.source, client_usage.used, client_usage.reserved,
      client_usage.spending_cap, usage_pool.ceiling - usage_pool.used - usage_pool.reserved))
    FROM resource
    LEFT JOIN entitled_quota ON entitled_quota.client_id = who.client_id AND entitled_quota.resource_id = resource.id
    LEFT JOIN client_usage ON client_usage.client_id = who.client_id AND client_usage.resource_id = resource.id
    LEFT JOIN usage_pool ON usage_pool.mode = who.mode AND usage_pool.resource_id = resource.id
  ) AS TEXT) AS resources"""
ARRAYS = {"sqlite": ("json_group_array", "json_array"), "postgresql": ("json_agg", "json_build_array")}


def head_of(dialect: str, named: Named, more: str = "") -> TextualSelect:
    array_of, array = ARRAYS[dialect]
    statement = HEAD.replace("{named}", NAMED[named]).replace("{more}", more)
    time = UtcDateTime()
    return plain_sql(statement.replace("{array_of}", array_of).replace("{array}", array), "now").columns(
        clock_time=time,
        starts_at=time,
        ends_at=time,
        next_starts_at=time,
        counted_until=time,
        pooled_until=time,
        resource_created_at=time,
        changed_at=time,
        used_at=time,
    )


TAG = {(dialect, named): head_of(dialect, named) for dialect in ARRAYS for named in NAMED}
ANSWER = {(dialect, named): head_of(dialect, named, MORE) for dialect in ARRAYS for named in NAMED}
PLAN = plain_sql(
    """
    SELECT plan.key, plan.name FROM entitlement JOIN plan ON plan.id = entitlement.plan_id
    WHERE entitlement.client_id = :client_id
    """
)
COUNTERS = plain_sql("SELECT resource_id FROM client_usage WHERE client_id = :client_id AND period_ends_at IS NOT NULL")
