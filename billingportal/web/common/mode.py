"""The Stripe mode that the admin pages show: test (the default) or live."""

from typing import cast

from flask import Blueprint, Flask, Response, g, request, session

from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.web.common import htmx
from billingportal.web.common.urls import own_path

blueprint = Blueprint("mode", __name__)


@blueprint.post("/mode")
def update() -> Response:
    """Store the chosen mode in the session and redirect back to the page."""
    chosen = request.form.get("mode")
    if chosen in MODES:
        session["mode"] = chosen
    return htmx.redirect(own_path(request.form.get("next")) or "/")


def read_mode() -> None:
    """Set `g.mode` for every request."""
    g.mode = cast(Mode, session.get("mode", "test"))


def init_app(app: Flask) -> None:
    app.before_request(read_mode)
