"""Sign-out, by a form: a browser could follow a link when it prefetches."""

from flask import Blueprint, Response, url_for

from billingportal.web.auth import session
from billingportal.web.common import htmx

blueprint = Blueprint("sign_out", __name__)


@blueprint.post("/sign-out")
def create() -> Response:
    session.sign_out()
    return htmx.redirect(url_for("sign_in.new"))
