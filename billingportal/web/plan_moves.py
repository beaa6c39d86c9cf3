"""SaaS > Clients > Change plan."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web import move_pages
from billingportal.web.session import require_role
from billingportal.web.sides import staff_side

blueprint = Blueprint("plan_moves", __name__, url_prefix="/saas/clients/<id:client_id>/plan")


@blueprint.get("")
@require_role("owner", "admin")
def choose(client_id: int) -> ResponseReturnValue:
    return move_pages.choose(staff_side(client_id))


@blueprint.get("/preview")
@require_role("owner", "admin")
def preview(client_id: int) -> ResponseReturnValue:
    return move_pages.preview(staff_side(client_id))


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    return move_pages.create(staff_side(client_id))


@blueprint.get("/moves/<id:move_id>")
@require_role("owner", "admin")
def show(client_id: int, move_id: int) -> ResponseReturnValue:
    return move_pages.show(staff_side(client_id), move_id)


@blueprint.post("/removal")
@require_role("owner", "admin")
def destroy(client_id: int) -> ResponseReturnValue:
    """Keep the present plan."""
    return move_pages.destroy(staff_side(client_id))
