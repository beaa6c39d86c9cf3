"""The workspaces of a client: added, renamed, moved, archived."""

from flask import Blueprint, abort, g, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField

from billingportal.db import db, transaction
from billingportal.domain.clients import clients, workspaces
from billingportal.domain.clients import search as client_search
from billingportal.domain.clients.search import Wanted
from billingportal.domain.clients.workspaces import WorkspaceTerms
from billingportal.domain.common.audit import by_staff
from billingportal.errors import Refusal
from billingportal.limits import search_words, whole_number
from billingportal.models import Client, Workspace
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients.steps import acted, client_or_404, done
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("workspaces", __name__, url_prefix="/saas/clients/<id:client_id>/workspaces")


class WorkspaceForm(PortalForm):
    workspace_name = StringField("Name")
    workspace_external_id = StringField("Workspace ID", description="Optional: what your platform calls it.")

    @property
    def terms(self) -> WorkspaceTerms:
        return WorkspaceTerms(self.workspace_name.data or "", self.workspace_external_id.data)


class MoveForm(PortalForm):
    """`words` search for the client to move to; `target` is the chosen client."""

    words = StringField("Find the other client", description="Name, email or external ID.")
    target = SelectField("Move to", validate_choice=False)


@blueprint.get("/new")
@require_role("owner", "admin")
def new(client_id: int) -> str:
    return render_template("clients/workspaces/new.html", client=client_or_404(client_id), form=WorkspaceForm())


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    client_or_404(client_id)
    form = WorkspaceForm.of_request()
    staff_id = current_staff().id
    try:
        with transaction() as session:
            client = clients.lock_client(session, client_id)
            workspaces.create_workspace(
                session, client, form.terms.name, form.terms.external_id, author=by_staff(staff_id)
            )
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("clients/workspaces/new.html", client=client_or_404(client_id), form=form), 422
    return done(client_id, "has the workspace now.")


@blueprint.get("/<id:workspace_id>/edit")
@require_role("owner", "admin")
def edit(client_id: int, workspace_id: int) -> str:
    client, workspace = both_or_404(client_id, workspace_id)
    form = WorkspaceForm(data={"workspace_name": workspace.name, "workspace_external_id": workspace.external_id or ""})
    return render_template("clients/workspaces/edit.html", client=client, workspace=workspace, form=form)


@blueprint.post("/<id:workspace_id>")
@require_role("owner", "admin")
def update(client_id: int, workspace_id: int) -> ResponseReturnValue:
    both_or_404(client_id, workspace_id)
    form = WorkspaceForm.of_request()
    staff_id = current_staff().id
    try:
        with transaction() as session:
            client = clients.lock_client(session, client_id)
            workspaces.update_workspace(session, client, workspace_id, form.terms, author=by_staff(staff_id))
    except Refusal as refusal:
        form.refuse(refusal)
        client, workspace = both_or_404(client_id, workspace_id)
        return render_template("clients/workspaces/edit.html", client=client, workspace=workspace, form=form), 422
    return done(client_id, "has the workspace under its new name.")


@blueprint.get("/<id:workspace_id>/move")
@require_role("owner", "admin")
def new_move(client_id: int, workspace_id: int) -> str:
    return move_page(client_id, workspace_id, MoveForm(request.args))


def move_page(client_id: int, workspace_id: int, form: MoveForm) -> str:
    """The clients found by the words, to choose one from."""
    client, workspace = both_or_404(client_id, workspace_id)
    found = client_search.search_clients(db.session(), g.mode, Wanted(words=search_words(form.words.data or "")))
    others = [(str(other.id), f"{other.name} ({other.email})") for other, _ in found.rows if other.id != client.id]
    form.target.choices = others
    return render_template(
        "clients/workspaces/move.html", client=client, workspace=workspace, form=form, total=found.total
    )


@blueprint.post("/<id:workspace_id>/move")
@require_role("owner", "admin")
def create_move(client_id: int, workspace_id: int) -> ResponseReturnValue:
    both_or_404(client_id, workspace_id)
    form = MoveForm.of_request()
    staff_id = current_staff().id
    target_id = whole_number(form.target.data or "") or 0
    try:
        with transaction() as session:
            client = clients.lock_client(session, client_id)
            target = clients.find_client(session, target_id, g.mode)
            if target is None:
                raise Refusal("target", "Choose the client that gets the workspace.")
            workspaces.move_workspace(session, client, workspace_id, target, author=by_staff(staff_id))
            words = f"gave the workspace to {target.name}."
    except Refusal as refusal:
        form.refuse(refusal)
        return move_page(client_id, workspace_id, form), 422
    return done(client_id, words)


@blueprint.post("/<id:workspace_id>/archiving")
@require_role("owner", "admin")
def create_archiving(client_id: int, workspace_id: int) -> ResponseReturnValue:
    staff_id = current_staff().id
    return acted(
        client_id,
        lambda session: workspaces.archive_workspace(
            session, clients.lock_client(session, client_id), workspace_id, author=by_staff(staff_id)
        ),
        "has one workspace less. It can be restored.",
    )


@blueprint.post("/<id:workspace_id>/restoration")
@require_role("owner", "admin")
def create_restoration(client_id: int, workspace_id: int) -> ResponseReturnValue:
    staff_id = current_staff().id
    return acted(
        client_id,
        lambda session: workspaces.restore_workspace(
            session, clients.lock_client(session, client_id), workspace_id, author=by_staff(staff_id)
        ),
        "has the workspace back.",
    )


def both_or_404(client_id: int, workspace_id: int) -> tuple[Client, Workspace]:
    client = client_or_404(client_id)
    workspace = workspaces.find_workspace(db.session(), client.id, workspace_id)
    if workspace is None:
        abort(404, "This workspace belongs to another client now, or there is no such workspace.")
    return client, workspace
