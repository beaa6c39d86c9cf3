"""A plan's quotas for one client: a quota change may not apply to clients who had the plan before."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements.facts import PlanFacts, Quota
from billingportal.domain.plans.quota_changes import changes_of, quotas_for
from billingportal.models import Client, Entitlement, Plan


def plan_facts(
    session: Session, plan: Plan, before: Entitlement | None, moment: datetime, period_started_at: datetime
) -> PlanFacts:
    """The plan with the client's quotas. The client has it since its entitlement's `since`, else since `moment`."""
    joined_at = before.since if before is not None and before.plan_id == plan.id else moment
    reactions = {row.resource_id: row.reaction for row in plan.quotas}
    current = {row.resource_id: row.quota for row in plan.quotas}
    limits = quotas_for(current, changes_of(session, plan.id), joined_at, period_started_at)
    quotas = {key: Quota(limit, reactions.get(key, "block")) for key, limit in limits.items()}
    return PlanFacts(plan.id, plan.name, plan.position, quotas)


def base_plan(session: Session, client: Client) -> Plan | None:
    """The free plan that was chosen, else the default plan if it is free: nothing is given away that has a price."""
    if client.base_plan_id is not None:
        return session.get_one(Plan, client.base_plan_id)
    plan = session.scalar(select(Plan).where(Plan.is_default))
    return plan if plan is not None and is_free(plan) else None


def is_free(plan: Plan) -> bool:
    return not plan.is_priced and not plan.is_on_request
