"""The client's own pages for changing the plan."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.client_session import require_client
from billingportal.web.plan_changes import pages as plan_change_pages
from billingportal.web.plan_changes.viewer import client_viewer

blueprint = Blueprint("own_plan", __name__, url_prefix="/portal/billing/plan")


@blueprint.get("")
@require_client
def choose() -> ResponseReturnValue:
    return plan_change_pages.choose(client_viewer())


@blueprint.get("/preview")
@require_client
def preview() -> ResponseReturnValue:
    return plan_change_pages.preview(client_viewer())


@blueprint.post("")
@require_client
def create() -> ResponseReturnValue:
    return plan_change_pages.create(client_viewer())


@blueprint.get("/moves/<id:move_id>")
@require_client
def show(move_id: int) -> ResponseReturnValue:
    return plan_change_pages.show(client_viewer(), move_id)


@blueprint.post("/removal")
@require_client
def destroy() -> ResponseReturnValue:
    """Withdraw the open change; the present plan stays."""
    return plan_change_pages.destroy(client_viewer())
