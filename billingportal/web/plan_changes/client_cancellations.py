"""The client's own page for cancelling."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.client_session import require_client
from billingportal.web.plan_changes import cancellation_pages
from billingportal.web.plan_changes.viewer import client_viewer

blueprint = Blueprint("own_cancellation", __name__, url_prefix="/portal/billing/cancellation")


@blueprint.get("")
@require_client
def new() -> ResponseReturnValue:
    return cancellation_pages.new(client_viewer())


@blueprint.post("")
@require_client
def create() -> ResponseReturnValue:
    return cancellation_pages.create(client_viewer())


@blueprint.post("/removal")
@require_client
def destroy() -> ResponseReturnValue:
    return cancellation_pages.destroy(client_viewer())
