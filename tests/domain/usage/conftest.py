"""A client with two workspaces, a free plan, and a counter beside the gauges."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.plans.terms import Limit
from billingportal.models import Client, Resource, Workspace
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.people.clients import new_client


@dataclass(frozen=True)
class Harbor:
    """Two clients of live mode: Harbor with the workspaces `desk` and `shop`, Bloom with `garden`."""

    client_id: int
    other_id: int
    contacts: int
    messages: int


@pytest.fixture
def harbor(session: Session, owner: Staff) -> Harbor:
    with transaction() as writing:
        made = Resource(
            key="messages", name="Messages", unit="messages", kind="counter", created_at=clock.now(), position=9
        )
        writing.add(made)
        writing.flush()
        messages = made.id
    contacts = resource_id(session, "contacts")
    new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100), messages: Limit(1000)})
    client_id = new_client(
        "Harbor", mode="live", workspace_name="Desk", workspace_external_id="desk", external_id="harbor"
    )
    other_id = new_client(
        "Bloom", mode="live", workspace_name="Garden", workspace_external_id="garden", external_id="bloom"
    )
    with transaction() as writing:
        harbor = writing.get_one(Client, client_id)
        workspaces.create_workspace(writing, harbor, "Shop", "shop", author=by_staff(owner.id))
    session.rollback()
    return Harbor(client_id, other_id, contacts, messages)


def new_live(name: str, workspace: str) -> int:
    return new_client(
        name,
        mode="live",
        external_id=name.lower(),
        workspace_name=workspace,
        workspace_external_id=workspace.lower(),
    )


def workspace_id(session: Session, external_id: str) -> int:
    return session.scalars(select(Workspace.id).where(Workspace.external_id == external_id)).one()
