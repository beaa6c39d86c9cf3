"""Workspaces belong to one client, and take their use with them."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.clients import workspaces
from billingportal.domain.clients.workspaces import WorkspaceTerms
from billingportal.domain.common.audit import by_staff
from billingportal.domain.plans.terms import Limit
from billingportal.domain.usage import totals as usage_totals
from billingportal.errors import Refusal
from billingportal.models import Client, Entitlement, Workspace
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.people.clients import new_client
from tests.support.usage.reports import report_level

Act = Callable[[Session, Client], object]


def on(client_id: int, act: Act) -> None:
    """Do something with a client in a transaction of its own."""
    with transaction() as session:
        act(session, session.get_one(Client, client_id))


@pytest.fixture
def pair(session: Session, owner: Staff) -> tuple[int, int, int]:
    """Two clients of a plan with 100 contacts, and a workspace of the first that uses 150."""
    contacts = resource_id(session, "contacts")
    new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    first, second = new_client("Harbor", workspace_name="Desk", workspace_external_id="w1"), new_client("Bloom")
    with transaction() as writing:
        workspace = writing.scalars(select(Workspace)).one()
        report_level(writing, workspace, contacts, 150)
        return first, second, workspace.id


def is_over(session: Session, client_id: int) -> bool:
    session.rollback()
    return session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one().is_over_quota


def test_a_moved_workspace_takes_its_use_with_it(session: Session, owner: Staff, pair: tuple[int, int, int]) -> None:
    first, second, workspace_id = pair

    on(
        first,
        lambda writing, client: workspaces.move_workspace(
            writing, client, workspace_id, writing.get_one(Client, second), author=by_staff(owner.id)
        ),
    )

    assert not is_over(session, first)
    assert is_over(session, second)
    assert usage_totals.usage_of(session, second)[resource_id(session, "contacts")] == 150
    with pytest.raises(Refusal, match="belongs to another client"):
        on(
            first,
            lambda writing, client: workspaces.archive_workspace(
                writing, client, workspace_id, author=by_staff(owner.id)
            ),
        )


def test_an_archived_workspace_counts_no_longer_until_it_is_back(
    session: Session, owner: Staff, pair: tuple[int, int, int]
) -> None:
    first, _, workspace_id = pair

    on(
        first,
        lambda writing, client: workspaces.archive_workspace(writing, client, workspace_id, author=by_staff(owner.id)),
    )
    assert not is_over(session, first)
    on(
        first,
        lambda writing, client: workspaces.restore_workspace(writing, client, workspace_id, author=by_staff(owner.id)),
    )
    assert is_over(session, first)


def test_it_cannot_move_to_another_mode_nor_to_an_archived_client(
    session: Session, owner: Staff, pair: tuple[int, int, int]
) -> None:
    first, second, workspace_id = pair
    live = new_client("Live", mode="live")
    with transaction() as writing:
        client_lifecycle.archive_client(writing, second, staff_id=owner.id)

    def move(target_id: int) -> Act:
        return lambda writing, client: workspaces.move_workspace(
            writing, client, workspace_id, writing.get_one(Client, target_id), author=by_staff(owner.id)
        )

    for target in (live, first, second):
        with pytest.raises(Refusal) as refused:
            on(first, move(target))
        assert refused.value.field == "target"
    with pytest.raises(Refusal, match="Restore the client first"):
        on(
            second,
            lambda writing, client: workspaces.create_workspace(
                writing, client, "New", None, author=by_staff(owner.id)
            ),
        )


def test_renaming_keeps_ids_unique(session: Session, owner: Staff, pair: tuple[int, int, int]) -> None:
    first, second, workspace_id = pair

    def rename(name: str, external_id: str | None) -> Act:
        terms = WorkspaceTerms(name, external_id)
        return lambda writing, client: workspaces.update_workspace(
            writing, client, workspace_id, terms, author=by_staff(owner.id)
        )

    on(
        second,
        lambda writing, client: workspaces.create_workspace(writing, client, "Shop", "w2", author=by_staff(owner.id)),
    )
    with pytest.raises(Refusal, match="Another workspace has this ID"):
        on(first, rename("Front", "w2"))
    with pytest.raises(Refusal, match="Give the workspace a name"):
        on(first, rename(" ", "w1"))
    on(first, rename("Front", None))

    session.rollback()
    assert [(one.name, one.external_id) for one in workspaces.workspaces_of(session, first)] == [("Front", None)]
