"""The client's own billing page."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billingportal.web.client_session import current_client, require_client

blueprint = Blueprint("billing", __name__, url_prefix="/portal/billing")


@blueprint.get("")
@require_client
def show() -> ResponseReturnValue:
    return render_template("billing/show.html", client=current_client())
