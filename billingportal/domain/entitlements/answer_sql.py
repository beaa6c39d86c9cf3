"""The statement of a client's entitlements for the host platform: one client, then a row per resource."""

from typing import Literal

from sqlalchemy import JSON, TextualSelect

from billingportal.db import UtcDateTime
from billingportal.domain.common.plain_sql import plain_sql

Named = Literal["client_id", "client_external_id", "workspace_id", "workspace_external_id"]
BY_CLIENT = "FROM client WHERE client.mode = :mode AND "
BY_WORKSPACE = "FROM workspace JOIN client ON client.id = workspace.client_id WHERE workspace.mode = :mode AND "
NAMED: dict[Named, str] = {
    "client_id": BY_CLIENT + "client.id = :name",
    "client_external_id": BY_CLIENT + "client.external_id = :name",
    "workspace_id": BY_WORKSPACE + "workspace.id = :name",
    "workspace_external_id": BY_WORKSPACE + "workspace.external_id = :name",
}
# Everything that the answer's tag is made of. A client on a Stripe test clock has its own present.
WHO = """
SELECT client.id AS client_id, client.mode, CASE WHEN client.mode = 'test' THEN (
    SELECT test_clock.frozen_at FROM client_customer
    JOIN customer ON customer.processor_account_id = client_customer.processor_account_id
      AND customer.stripe_customer_id = client_customer.stripe_customer_id
    JOIN test_clock ON test_clock.processor_account_id = customer.processor_account_id
      AND test_clock.stripe_test_clock_id = customer.stripe_test_clock_id
    WHERE client_customer.client_id = client.id AND test_clock.deleted_at IS NULL LIMIT 1
  ) END AS clock_time
{named}
"""
HEAD = """
SELECT who.client_id, who.mode, who.clock_time, entitlement.revision, plan.name AS plan_name,
  period.starts_at, period.ends_at, period.source AS period_source,
  (SELECT MIN(starts_at) FROM usage_period
    WHERE client_id = who.client_id AND starts_at > COALESCE(who.clock_time, :now)) AS next_starts_at,
  (SELECT SUM(revision) FROM client_usage WHERE client_id = who.client_id) AS use_revision,
  (SELECT MIN(period_ends_at) FROM client_usage WHERE client_id = who.client_id) AS counted_until,
  (SELECT SUM(revision) FROM usage_pool WHERE mode = who.mode) AS pool_revision,
  (SELECT MIN(period_ends_at) FROM usage_pool WHERE mode = who.mode) AS pooled_until,
  (SELECT COUNT(*) FROM resource) AS resource_count,
  (SELECT MAX(created_at) FROM resource) AS resource_created_at{more}
FROM ({who}) AS who
LEFT JOIN entitlement ON entitlement.client_id = who.client_id
LEFT JOIN plan ON plan.id = entitlement.plan_id
LEFT JOIN usage_period AS period ON period.client_id = who.client_id AND period.starts_at = (
  SELECT MAX(starts_at) FROM usage_period
  WHERE client_id = who.client_id AND starts_at <= COALESCE(who.clock_time, :now))
"""
MORE = """,
  plan.key AS plan_key,
  entitlement.access, entitlement.standing, entitlement.reasons, entitlement.changed_at,
  (SELECT MAX(changed_at) FROM client_usage WHERE client_id = who.client_id) AS used_at"""
WHOLE = """
WITH head AS MATERIALIZED ({head})
SELECT head.*, resource.key AS resource_key, resource.kind, entitled_quota.quota, entitled_quota.reaction,
  entitled_quota.source, client_usage.used, client_usage.reserved, client_usage.spending_cap,
  usage_pool.ceiling - usage_pool.used - usage_pool.reserved AS pool_left
FROM head CROSS JOIN resource
LEFT JOIN entitled_quota ON entitled_quota.client_id = head.client_id AND entitled_quota.resource_id = resource.id
LEFT JOIN client_usage ON client_usage.client_id = head.client_id AND client_usage.resource_id = resource.id
LEFT JOIN usage_pool ON usage_pool.mode = head.mode AND usage_pool.resource_id = resource.id
ORDER BY resource.position, resource.id
"""


def head_of(named: Named, more: str = "") -> str:
    return HEAD.replace("{who}", WHO.replace("{named}", NAMED[named])).replace("{more}", more)


def with_types(statement: str) -> TextualSelect:
    time = UtcDateTime()
    return plain_sql(statement, "now").columns(
        clock_time=time,
        starts_at=time,
        ends_at=time,
        next_starts_at=time,
        counted_until=time,
        pooled_until=time,
        resource_created_at=time,
        changed_at=time,
        used_at=time,
        reasons=JSON(),
    )


TAG = {named: with_types(head_of(named)) for named in NAMED}
ANSWER = {named: with_types(WHOLE.replace("{head}", head_of(named, MORE))) for named in NAMED}
PLAN = plain_sql(
    """
    SELECT plan.key, plan.name FROM entitlement JOIN plan ON plan.id = entitlement.plan_id
    WHERE entitlement.client_id = :client_id
    """
)
COUNTERS = plain_sql("SELECT resource_id FROM client_usage WHERE client_id = :client_id AND period_ends_at IS NOT NULL")
