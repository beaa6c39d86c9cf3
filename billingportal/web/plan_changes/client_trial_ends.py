"""The client ends its trial early."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billingportal.web.auth.client_session import require_client
from billingportal.web.plan_changes import cancellation_pages
from billingportal.web.plan_changes.viewer import client_viewer

blueprint = Blueprint("own_trial_end", __name__, url_prefix="/portal/billing/trial-end")


@blueprint.post("")
@require_client
def create() -> ResponseReturnValue:
    return cancellation_pages.start(client_viewer())
