"""The client's own usage."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billingportal.money import text_of
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.common.rendering.client_usage import shown_usage
from billingportal.web.common.rendering.periods import percent_of

blueprint = Blueprint("own_usage", __name__, url_prefix="/portal/billing/usage")


@blueprint.get("")
@require_client
def show() -> ResponseReturnValue:
    usage = shown_usage(current_client(), "your workspaces")
    return render_template("client_portal/usage.html", usage=usage, percent_of=percent_of, amount_text=text_of)
