"""Workspaces: created, listed, changed, moved and archived by the host platform."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.api.ids import ClientText, WorkspaceText, find_client, find_workspace
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.lists import PageQuery, cut, page_of
from billingportal.api.kernel.operation import Group, Input, Output, operation
from billingportal.api.kernel.problems import Problem
from billingportal.api.kernel.types import ExternalId, Name
from billingportal.api.refusals import as_problems
from billingportal.domain.clients import clients, workspaces
from billingportal.domain.clients.workspaces import WorkspaceTerms
from billingportal.domain.common.audit import Author, by_api_key
from billingportal.domain.common.locks import CLIENTS, take_turns
from billingportal.domain.common.references import public_id
from billingportal.models import Client, Workspace
from billingportal.models.connection.processor_account import Mode

FIELDS = {"workspace_name": "/name", "workspace_external_id": "/external_id", "target": "/client"}


class WorkspaceAnswer(Output):
    """A workspace. `external_id` is your own id of it. What an archived one uses no longer counts."""

    id: Annotated[str, Field(examples=["ws_7"])]
    external_id: Annotated[str, Field(examples=["a1"])] | None
    client: Annotated[str, Field(examples=["cl_42"])]
    name: Annotated[str, Field(examples=["Front desk"])]
    mode: Mode
    created_at: datetime
    archived_at: datetime | None


class WorkspaceList(Output):
    """One page of workspaces, oldest first. `next` is the `after` of the next page."""

    data: list[WorkspaceAnswer]
    next: str | None


class NewWorkspace(Input):
    """A workspace to create for a client."""

    client: ClientText
    external_id: ExternalId
    name: Name


class WorkspaceChanges(Input):
    """What to change. A field that is left out stays. Another `client` moves the workspace with what it uses."""

    external_id: ExternalId | None = None
    name: Name = ""
    client: ClientText = ""


class WorkspaceQuery(PageQuery):
    """Filters, all of which have to fit. Archived workspaces are listed unless `archived` is false."""

    client: ClientText | None = None
    external_id: ExternalId | None = None
    archived: bool | None = None


@operation(
    "POST",
    "/workspaces",
    scope="manage",
    summary="Create a workspace",
    answers={201: WorkspaceAnswer, 200: WorkspaceAnswer},
    problems=("client_not_found", "client_archived", "external_id_taken"),
)
def create_workspace(call: Call, session: Session, body: NewWorkspace) -> Answer:
    """With an external id that a workspace of the same client has already, the answer is that workspace, unchanged, and
    200.
    """
    take_turns(session, CLIENTS)
    client = find_client(session, call.mode, body.client)
    there = select(Workspace).where(Workspace.mode == call.mode, Workspace.external_id == body.external_id.strip())
    found = session.scalar(there)
    if found is not None and found.client_id == client.id:
        return Answer(200, answer_of(found))
    refuse_archived(client)
    with as_problems(FIELDS):
        made = workspaces.create_workspace(session, client, body.name, body.external_id, author=author_of(call))
    return Answer(201, answer_of(made), {"Location": f"/api/v1/workspaces/{public_id('workspace', made.id)}"})


@operation(
    "GET",
    "/workspaces",
    scope="read",
    summary="List workspaces",
    answers={200: WorkspaceList},
    problems=("client_not_found",),
)
def list_workspaces(call: Call, session: Session, query: WorkspaceQuery) -> Answer:
    """Workspaces of the key's mode, oldest first."""
    statement = select(Workspace).where(Workspace.mode == call.mode)
    if query.client is not None:
        statement = statement.where(Workspace.client_id == find_client(session, call.mode, query.client).id)
    if query.external_id is not None:
        statement = statement.where(Workspace.external_id == query.external_id)
    if query.archived is not None:
        is_archived = Workspace.archived_at.is_not(None)
        statement = statement.where(is_archived if query.archived else ~is_archived)
    shown, following = cut(session.scalars(page_of(statement, Workspace.id, query)).all(), query, lambda row: row.id)
    return Answer(200, WorkspaceList(data=[answer_of(row) for row in shown], next=following))


@operation(
    "GET",
    "/workspaces/{workspace}",
    scope="read",
    summary="Get a workspace",
    answers={200: WorkspaceAnswer},
    problems=("workspace_not_found",),
)
def show_workspace(call: Call, session: Session, workspace: WorkspaceText) -> Answer:
    """A workspace, archived or not."""
    return Answer(200, answer_of(find_workspace(session, call.mode, workspace)))


@operation(
    "PATCH",
    "/workspaces/{workspace}",
    scope="manage",
    summary="Change or move a workspace",
    answers={200: WorkspaceAnswer},
    problems=("workspace_not_found", "client_not_found", "client_archived", "external_id_taken"),
)
def update_workspace(call: Call, session: Session, workspace: WorkspaceText, body: WorkspaceChanges) -> Answer:
    """Changes the fields that are sent, all or none."""
    take_turns(session, CLIENTS)
    found = find_workspace(session, call.mode, workspace)
    client, author = clients.lock_client(session, found.client_id), author_of(call)
    changes = body.model_dump(include=body.model_fields_set - {"client"})
    terms = replace(WorkspaceTerms(found.name, found.external_id), **changes)
    with as_problems(FIELDS):
        workspaces.update_workspace(session, client, found.id, terms, author=author)
        if "client" in body.model_fields_set:
            target = find_client(session, call.mode, body.client)
            if target.id != client.id:
                refuse_archived(target)
                workspaces.move_workspace(session, client, found.id, target, author=author)
    return Answer(200, answer_of(found))


@operation(
    "POST",
    "/workspaces/{workspace}/archiving",
    scope="manage",
    summary="Archive a workspace",
    answers={200: WorkspaceAnswer},
    problems=("workspace_not_found",),
)
def create_archiving(call: Call, session: Session, workspace: WorkspaceText) -> Answer:
    """Its levels leave the client's use at once. What was counted of it stays counted. Archiving twice is fine."""
    found = find_workspace(session, call.mode, workspace)
    client = clients.lock_client(session, found.client_id)
    with as_problems(FIELDS):
        workspaces.archive_workspace(session, client, found.id, author=author_of(call))
    return Answer(200, answer_of(found))


@operation(
    "DELETE",
    "/workspaces/{workspace}/archiving",
    scope="manage",
    summary="Restore a workspace",
    answers={200: WorkspaceAnswer},
    problems=("workspace_not_found",),
)
def destroy_archiving(call: Call, session: Session, workspace: WorkspaceText) -> Answer:
    """Its levels count again. Restoring twice is fine."""
    found = find_workspace(session, call.mode, workspace)
    client = clients.lock_client(session, found.client_id)
    with as_problems(FIELDS):
        workspaces.restore_workspace(session, client, found.id, author=author_of(call))
    return Answer(200, answer_of(found))


def answer_of(workspace: Workspace) -> WorkspaceAnswer:
    return WorkspaceAnswer(
        id=public_id("workspace", workspace.id),
        external_id=workspace.external_id,
        client=public_id("client", workspace.client_id),
        name=workspace.name,
        mode=workspace.mode,
        created_at=workspace.created_at,
        archived_at=workspace.archived_at,
    )


def author_of(call: Call) -> Author:
    return by_api_key(call.key.id)


def refuse_archived(client: Client) -> None:
    if client.archived_at is not None:
        raise Problem("client_archived", "The client is archived. Staff can restore it.")


GROUP = Group(
    "Workspaces",
    "The places where your customers work. What they use counts for their client.",
    (
        create_workspace,
        list_workspaces,
        show_workspace,
        update_workspace,
        create_archiving,
        destroy_archiving,
    ),
)
