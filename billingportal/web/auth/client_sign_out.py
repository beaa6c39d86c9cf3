"""Sign-out of a client."""

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from billingportal.web.auth import client_session
from billingportal.web.common import htmx

blueprint = Blueprint("client_sign_out", __name__)


@blueprint.post("/portal/sign-out")
def create() -> ResponseReturnValue:
    """End the client's session. A staff session in the same browser stays."""
    client_session.sign_out()
    return htmx.redirect(url_for("billing.show"))
