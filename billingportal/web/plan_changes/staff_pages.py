"""SaaS > Clients > Change plan."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.session import require_role
from billingportal.web.plan_changes import pages as plan_change_pages
from billingportal.web.plan_changes.viewer import staff_viewer

blueprint = Blueprint("plan_moves", __name__, url_prefix="/saas/clients/<id:client_id>/plan")


@blueprint.get("")
@require_role("owner", "admin")
def choose(client_id: int) -> ResponseReturnValue:
    return plan_change_pages.choose(staff_viewer(client_id))


@blueprint.get("/preview")
@require_role("owner", "admin")
def preview(client_id: int) -> ResponseReturnValue:
    return plan_change_pages.preview(staff_viewer(client_id))


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    return plan_change_pages.create(staff_viewer(client_id))


@blueprint.get("/moves/<id:move_id>")
@require_role("owner", "admin")
def show(client_id: int, move_id: int) -> ResponseReturnValue:
    return plan_change_pages.show(staff_viewer(client_id), move_id)


@blueprint.post("/removal")
@require_role("owner", "admin")
def destroy(client_id: int) -> ResponseReturnValue:
    """Withdraw the open change; the present plan stays."""
    return plan_change_pages.destroy(staff_viewer(client_id))
