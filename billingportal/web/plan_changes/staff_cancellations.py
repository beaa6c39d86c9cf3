"""SaaS > Clients > Cancel the subscription."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.session import require_role
from billingportal.web.plan_changes import cancellation_pages
from billingportal.web.plan_changes.viewer import staff_viewer

blueprint = Blueprint("cancellations", __name__, url_prefix="/saas/clients/<id:client_id>/cancellation")


@blueprint.get("")
@require_role("owner", "admin")
def new(client_id: int) -> ResponseReturnValue:
    return cancellation_pages.new(staff_viewer(client_id))


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    return cancellation_pages.create(staff_viewer(client_id))


@blueprint.post("/removal")
@require_role("owner", "admin")
def destroy(client_id: int) -> ResponseReturnValue:
    return cancellation_pages.destroy(staff_viewer(client_id))
