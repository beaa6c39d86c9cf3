"""Clients with limits, and what they use of them, written straight into the database."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models import ClientUsage, Resource, UsageDay, Workspace
from billingportal.models.plans.resource import ResourceKind
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import new_client

NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def add_resource(name: str, kind: ResourceKind = "counter", **given: object) -> int:
    """A resource that the partner added; its id."""
    with transaction() as session:
        key = name.lower().replace(" ", "_")
        resource = Resource(key=key, name=name, unit=name, kind=kind, created_at=clock.now(), position=9, **given)
        session.add(resource)
        session.flush()
        return resource.id


def limited_client(
    staff_id: int, limits: Mapping[int, Limit], name: str = "Harbor Dental", plan: str = "Growth"
) -> int:
    """A client on a free plan with these limits, by resource id; its id."""
    plan_id = new_plan(staff_id, plan, is_active=True, quotas=limits)
    return new_client(name, "office@client.example", base_plan_id=plan_id)


def uses(
    client_id: int,
    resource_id: int,
    used: int,
    period: tuple[datetime, datetime] | None = None,
    cap: int | None = None,
) -> None:
    """What the client uses now, as reports of the host platform leave it."""
    with transaction() as session:
        mine = select(ClientUsage).where(ClientUsage.client_id == client_id, ClientUsage.resource_id == resource_id)
        row = session.scalar(mine)
        if row is None:
            row = ClientUsage(client_id=client_id, resource_id=resource_id, revision=0)
            session.add(row)
        row.used, row.spending_cap = used, cap
        row.period_starts_at, row.period_ends_at = period or (None, None)
        row.revision += 1
        row.changed_at = clock.now()


def add_workspace(client_id: int, name: str = "Front desk", external_id: str | None = None) -> int:
    with transaction() as session:
        workspace = Workspace(
            client_id=client_id, mode="test", name=name, external_id=external_id, created_at=clock.now()
        )
        session.add(workspace)
        session.flush()
        return workspace.id


def add_days(client_id: int, resource_id: int, days: Mapping[date, int], workspace_id: int | None = None) -> None:
    """The use, or the level, that was reported on each of these days."""
    with transaction() as session:
        session.add_all(
            UsageDay(client_id=client_id, resource_id=resource_id, workspace_id=workspace_id, day=day, used=used)
            for day, used in days.items()
        )
