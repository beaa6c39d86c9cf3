"""SaaS > Clients > Start now, before the trial ends."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.session import require_role
from billingportal.web.plan_changes import trial_end_pages
from billingportal.web.plan_changes.viewer import staff_viewer

blueprint = Blueprint("trial_ends", __name__, url_prefix="/saas/clients/<id:client_id>/trial-end")


@blueprint.get("")
@require_role("owner", "admin")
def new(client_id: int) -> ResponseReturnValue:
    return trial_end_pages.new(staff_viewer(client_id))


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    return trial_end_pages.create(staff_viewer(client_id))
