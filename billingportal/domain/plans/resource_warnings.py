"""When clients' use of a resource is warned about, and to whom; and what holds while the portal cannot be reached."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.plans.resources import find_resource, record_resource
from billingportal.models import Plan, PlanQuota, Resource
from billingportal.models.plans.resource import WhenUnreachable


@dataclass(frozen=True)
class Warnings:
    """At which use of a client's limit a warning is given, and to whom; what the host platform does in an outage."""

    at_80: bool
    at_100: bool
    above_100: bool
    to_client: bool
    to_staff: bool
    to_platform: bool
    when_unreachable: WhenUnreachable


def change_warnings(session: Session, resource_id: int, wanted: Warnings, *, staff_id: int) -> None:
    """Change what a resource warns of, and what it is like when the portal cannot be reached. Raises Refusal."""
    resource = find_resource(session, resource_id)
    if warnings_of(resource) == wanted:
        return
    resource.warns_at_80, resource.warns_at_100 = wanted.at_80, wanted.at_100
    resource.warns_above_100, resource.warns_client = wanted.above_100, wanted.to_client
    resource.warns_staff, resource.warns_platform = wanted.to_staff, wanted.to_platform
    resource.when_unreachable = wanted.when_unreachable
    record_resource(session, "resource.changed", f"Changed the warnings of {resource.name}", resource, staff_id)


def warnings_of(resource: Resource) -> Warnings:
    return Warnings(
        resource.warns_at_80,
        resource.warns_at_100,
        resource.warns_above_100,
        resource.warns_client,
        resource.warns_staff,
        resource.warns_platform,
        resource.when_unreachable,
    )


def limits_in_plans(session: Session, resource_id: int) -> list[tuple[Plan, PlanQuota]]:
    """The active plans that name the resource, in their order."""
    rows = session.execute(
        select(Plan, PlanQuota)
        .join(PlanQuota, PlanQuota.plan_id == Plan.id)
        .where(PlanQuota.resource_id == resource_id, Plan.state == "active")
        .order_by(Plan.position, Plan.id)
    )
    return [(plan, quota) for plan, quota in rows]
