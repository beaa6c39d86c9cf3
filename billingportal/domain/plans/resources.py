"""Resources that plans count and limit: the four built-in ones, and those that the partner adds."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.locks import PLANS, RESOURCES, take_turns
from billingportal.domain.plans.keys import free_key
from billingportal.errors import Refusal
from billingportal.models import ClientUsage, ModeUsageDay, PlanPrice, PlanQuota, Resource, UsagePool
from billingportal.models.plans.resource import ResourceKind

IN_USE = "Plans use this resource. Remove its quotas and prices from them first."
WAS_USED = "Clients have used this resource. Hide it instead, so that their history stays."
WAS_SOLD = "Clients bought this resource once. Hide it instead."


def listed_resources(session: Session) -> Sequence[Resource]:
    """Every resource in its order, hidden ones too."""
    return session.scalars(select(Resource).order_by(Resource.position, Resource.id)).all()


def visible_resources(session: Session) -> list[Resource]:
    """The resources that plans may use."""
    return [resource for resource in listed_resources(session) if not resource.is_hidden]


def used_ids(session: Session) -> set[int]:
    """The ids of resources that a plan limits or prices. An unlimited quota does not count as use, nor does a price
    that was removed."""
    limited = select(PlanQuota.resource_id).where(PlanQuota.quota.is_not(None))
    priced = select(PlanPrice.resource_id).where(PlanPrice.resource_id.is_not(None), ~PlanPrice.is_hidden)
    return set(session.scalars(limited.union(priced)))


def create_resource(session: Session, name: str, unit: str, kind: ResourceKind, *, staff_id: int) -> Resource:
    """Add a resource. Raises Refusal for a name that is empty or taken."""
    take_turns(session, RESOURCES)
    clean_name, clean_unit = checked_names(session, name, unit)
    last = session.scalar(select(func.max(Resource.position)))
    resource = Resource(
        key=free_key(session, Resource, clean_name),
        name=clean_name,
        unit=clean_unit,
        kind=kind,
        position=0 if last is None else last + 1,
        created_at=now(),
    )
    session.add(resource)
    session.flush()
    record_resource(session, "resource.created", f"Added the resource {resource.name}", resource, staff_id)
    return resource


def update_resource(session: Session, resource_id: int, name: str, unit: str, *, staff_id: int) -> Resource:
    """Rename a resource; its key stays, since the API knows it by that. Raises Refusal."""
    take_turns(session, RESOURCES)
    resource = find_resource(session, resource_id)
    before = resource.name
    resource.name, resource.unit = checked_names(session, name, unit, except_id=resource.id)
    words = f"Renamed the resource {before} to {resource.name}" if before != resource.name else f"Changed {before}"
    record_resource(session, "resource.changed", words, resource, staff_id)
    return resource


def hide_resource(session: Session, resource_id: int, *, staff_id: int) -> Resource:
    """Stop offering the resource to plans. Raises Refusal while a plan uses it."""
    take_turns(session, RESOURCES)
    resource = find_resource(session, resource_id)
    refuse_in_use(session, resource)
    resource.is_hidden = True
    record_resource(session, "resource.hidden", f"Hid the resource {resource.name}", resource, staff_id)
    return resource


def show_resource(session: Session, resource_id: int, *, staff_id: int) -> Resource:
    """Offer a hidden resource to plans again."""
    resource = find_resource(session, resource_id)
    resource.is_hidden = False
    record_resource(session, "resource.shown", f"Showed the resource {resource.name} again", resource, staff_id)
    return resource


def remove_resource(session: Session, resource_id: int, *, staff_id: int) -> str:
    """Delete a resource that the partner added. Returns its name. Raises Refusal for a built-in or used one."""
    take_turns(session, RESOURCES)
    resource = find_resource(session, resource_id)
    if resource.is_built_in:
        raise Refusal("", f"{resource.name} came with the portal. Hide it instead.")
    refuse_in_use(session, resource)
    if session.scalar(select(exists().where(PlanPrice.resource_id == resource.id))):
        raise Refusal("", WAS_SOLD)
    if session.scalar(select(exists().where(ClientUsage.resource_id == resource.id))):
        raise Refusal("", WAS_USED)
    for table in (PlanQuota, UsagePool, ModeUsageDay):
        session.execute(delete(table).where(table.resource_id == resource.id))
    session.delete(resource)
    record_resource(session, "resource.deleted", f"Deleted the resource {resource.name}", resource, staff_id)
    return resource.name


def find_resource(session: Session, resource_id: int) -> Resource:
    """The resource. Raises Refusal when it was deleted."""
    resource = session.get(Resource, resource_id, populate_existing=True)
    if resource is None:
        raise Refusal("", "Somebody deleted this resource meanwhile.")
    return resource


def refuse_in_use(session: Session, resource: Resource) -> None:
    """Raises Refusal while a plan uses the resource. No plan can start to use it until the transaction ends."""
    take_turns(session, PLANS)
    if resource.id in used_ids(session):
        raise Refusal("", IN_USE)


def checked_names(session: Session, name: str, unit: str, except_id: int | None = None) -> tuple[str, str]:
    """Name and unit without needless blanks. Raises Refusal naming the field."""
    clean_name, clean_unit = " ".join(name.split()), " ".join(unit.split())
    if not clean_name:
        raise Refusal("name", "Give the resource a name, for example “Messages”.")
    if len(clean_name) > 60:
        raise Refusal("name", "Use at most 60 characters.")
    if len(clean_unit) > 40:
        raise Refusal("unit", "Use at most 40 characters.")
    taken = exists().where(func.lower(Resource.name) == clean_name.lower(), Resource.id != (except_id or 0))
    if session.scalar(select(taken)):
        raise Refusal("name", f"There is a resource called {clean_name} already.")
    return clean_name, clean_unit or clean_name.lower()


def record_resource(session: Session, action: str, words: str, resource: Resource, staff_id: int) -> None:
    audit.record_act(session, audit.Act(action, words, staff_id=staff_id, subject=("resource", resource.id)))
