"""Creates, renames, archives and restores workspaces, and moves them to another client with their usage."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.audit import Author
from billingportal.domain.common.locks import CLIENTS, take_turns
from billingportal.domain.entitlements import evaluation
from billingportal.domain.usage import levels as usage_levels
from billingportal.errors import AlreadyTaken, Refusal
from billingportal.models import Client, Workspace

LONGEST = 120


@dataclass(frozen=True)
class WorkspaceTerms:
    """The typed terms of a workspace. `external_id` is the host platform's."""

    name: str
    external_id: str | None = None


def workspaces_of(session: Session, client_id: int) -> Sequence[Workspace]:
    """The client's workspaces, archived ones last."""
    return session.scalars(
        select(Workspace)
        .where(Workspace.client_id == client_id)
        .order_by(Workspace.archived_at.is_not(None), Workspace.id)
    ).all()


def create_workspace(
    session: Session,
    client: Client,
    name: str,
    external_id: str | None,
    *,
    author: Author,
) -> Workspace:
    """Add a workspace to a client. Raises Refusal naming the field."""
    take_turns(session, CLIENTS)
    if client.archived_at is not None:
        raise Refusal("", f"{client.name} is archived. Restore the client first.")
    terms = checked_terms(session, client, WorkspaceTerms(name, external_id))
    workspace = Workspace(
        client_id=client.id, mode=client.mode, name=terms.name, external_id=terms.external_id, created_at=now()
    )
    session.add(workspace)
    session.flush()
    words = f"Added the workspace {workspace.name}"
    record_workspace(session, client, "workspace.created", words, author)
    usage_levels.refresh_levels(session, client.id)
    evaluation.evaluate(session, client.id)
    return workspace


def update_workspace(
    session: Session, client: Client, workspace_id: int, terms: WorkspaceTerms, *, author: Author
) -> Workspace:
    """Rename a workspace, or correct its id. Raises Refusal."""
    take_turns(session, CLIENTS)
    workspace = lock_workspace(session, client, workspace_id)
    clean = checked_terms(session, client, terms, except_id=workspace.id)
    before = WorkspaceTerms(workspace.name, workspace.external_id)
    if clean == before:
        return workspace
    workspace.name, workspace.external_id = clean.name, clean.external_id
    record_workspace(session, client, "workspace.changed", change_words(before, clean), author)
    return workspace


def change_words(before: WorkspaceTerms, after: WorkspaceTerms) -> str:
    """The changes in one sentence."""
    ids = f"ID of the workspace {after.name} from {before.external_id or 'none'} to {after.external_id or 'none'}"
    if after.name == before.name:
        return f"Changed the {ids}"
    renamed = f"Renamed the workspace {before.name} to {after.name}"
    return renamed if after.external_id == before.external_id else f"{renamed}, and changed the {ids}"


def move_workspace(session: Session, client: Client, workspace_id: int, target: Client, *, author: Author) -> Workspace:
    """Move a workspace, with its usage, to another client of the same mode. Raises Refusal."""
    take_turns(session, CLIENTS)
    workspace = lock_workspace(session, client, workspace_id)
    if target.mode != client.mode or target.id == client.id:
        raise Refusal("target", "Choose another client.")
    if target.archived_at is not None:
        raise Refusal("target", f"{target.name} is archived. Choose another client.")
    workspace.client_id = target.id
    record_workspace(
        session, client, "workspace.moved", f"Moved the workspace {workspace.name} to {target.name}", author
    )
    record_workspace(
        session, target, "workspace.moved", f"Got the workspace {workspace.name} from {client.name}", author
    )
    usage_levels.carry_levels(session, workspace)
    for client_id in sorted((client.id, target.id)):
        usage_levels.refresh_levels(session, client_id)
        evaluation.evaluate(session, client_id)
    return workspace


def archive_workspace(session: Session, client: Client, workspace_id: int, *, author: Author) -> Workspace:
    """Archive a workspace: its usage no longer counts. Nothing is deleted. Raises Refusal."""
    workspace = lock_workspace(session, client, workspace_id)
    if workspace.archived_at is None:
        workspace.archived_at = now()
        record_workspace(session, client, "workspace.archived", f"Archived the workspace {workspace.name}", author)
        usage_levels.refresh_levels(session, client.id)
        evaluation.evaluate(session, client.id)
    return workspace


def restore_workspace(session: Session, client: Client, workspace_id: int, *, author: Author) -> Workspace:
    """Restore an archived workspace; its usage counts again. Raises Refusal."""
    workspace = lock_workspace(session, client, workspace_id)
    if workspace.archived_at is not None:
        workspace.archived_at = None
        record_workspace(session, client, "workspace.restored", f"Restored the workspace {workspace.name}", author)
        usage_levels.refresh_levels(session, client.id)
        evaluation.evaluate(session, client.id)
    return workspace


def find_workspace(session: Session, client_id: int, workspace_id: int) -> Workspace | None:
    """The client's workspace, or None when it belongs to another client or does not exist."""
    workspace = session.get(Workspace, workspace_id)
    return workspace if workspace is not None and workspace.client_id == client_id else None


def lock_workspace(session: Session, client: Client, workspace_id: int) -> Workspace:
    """The workspace, read again and locked. Raises Refusal when it no longer belongs to this client."""
    workspace = session.get(Workspace, workspace_id, populate_existing=True, with_for_update={"key_share": True})
    if workspace is None or workspace.client_id != client.id:
        raise Refusal("", "This workspace belongs to another client now. Open the page again.")
    return workspace


def checked_terms(session: Session, client: Client, terms: WorkspaceTerms, except_id: int = 0) -> WorkspaceTerms:
    """The terms without needless blanks. Raises Refusal naming the field."""
    name, external_id = " ".join(terms.name.split()), (terms.external_id or "").strip() or None
    if not name:
        raise Refusal("workspace_name", "Give the workspace a name.")
    if len(name) > LONGEST:
        raise Refusal("workspace_name", f"Use at most {LONGEST} characters; these are {len(name)}.")
    if external_id is not None and len(external_id) > LONGEST:
        raise Refusal("workspace_external_id", f"Use at most {LONGEST} characters; these are {len(external_id)}.")
    taken = exists().where(
        Workspace.mode == client.mode, Workspace.external_id == external_id, Workspace.id != except_id
    )
    if external_id is not None and session.scalar(select(taken)):
        raise AlreadyTaken("workspace_external_id", "Another workspace has this ID already.")
    return WorkspaceTerms(name, external_id)


def record_workspace(session: Session, client: Client, action: str, words: str, author: Author) -> None:
    audit.record_act(session, audit.act_of(author, action, words, ("client", client.id)))
