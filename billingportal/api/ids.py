"""Clients and workspaces as the API names them: `cl_42`, `ws_7`, or `external:` and the host platform's own id."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.api.kernel.problems import Problem
from billingportal.domain.common.references import Ref, read_ref
from billingportal.models import Client, Workspace
from billingportal.models.connection.processor_account import Mode

ClientText = Annotated[
    str, Field(description="The client: `cl_42`, or `external:` and your own id.", examples=["external:4711"])
]
WorkspaceText = Annotated[
    str, Field(description="The workspace: `ws_7`, or `external:` and your own id.", examples=["external:a1"])
]


def client_ref(text: str) -> Ref:
    """Raises Problem when it is no reference to a client."""
    ref = read_ref("client", text)
    if ref is None:
        raise no_client(text)
    return ref


def workspace_ref(text: str) -> Ref:
    """Raises Problem when it is no reference to a workspace."""
    ref = read_ref("workspace", text)
    if ref is None:
        raise no_workspace(text)
    return ref


def find_client(session: Session, mode: Mode, text: str) -> Client:
    """The client of this mode, archived or not. Raises Problem."""
    ref = client_ref(text)
    is_it = Client.id == ref.id if ref.id is not None else Client.external_id == ref.external_id
    client = session.scalar(select(Client).where(Client.mode == mode, is_it))
    if client is None:
        raise no_client(text)
    return client


def find_workspace(session: Session, mode: Mode, text: str) -> Workspace:
    """The workspace of this mode, archived or not. Raises Problem."""
    ref = workspace_ref(text)
    is_it = Workspace.id == ref.id if ref.id is not None else Workspace.external_id == ref.external_id
    workspace = session.scalar(select(Workspace).where(Workspace.mode == mode, is_it))
    if workspace is None:
        raise no_workspace(text)
    return workspace


def no_client(text: str) -> Problem:
    return Problem("client_not_found", f"There is no client {text[:200]} in this mode.")


def no_workspace(text: str) -> Problem:
    return Problem("workspace_not_found", f"There is no workspace {text[:200]} in this mode.")
