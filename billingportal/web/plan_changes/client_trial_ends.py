"""The client ends its trial early."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.client_session import require_client
from billingportal.web.plan_changes import trial_end_pages
from billingportal.web.plan_changes.viewer import client_viewer

blueprint = Blueprint("own_trial_end", __name__, url_prefix="/portal/billing/trial-end")


@blueprint.get("")
@require_client
def new() -> ResponseReturnValue:
    return trial_end_pages.new(client_viewer())


@blueprint.post("")
@require_client
def create() -> ResponseReturnValue:
    return trial_end_pages.create(client_viewer())
