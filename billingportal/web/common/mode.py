"""Which of the two sides of Stripe the admin looks at: test (the default) or live."""

from typing import cast

from flask import Blueprint, Flask, Response, g, request, session

from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.web.common import htmx
from billingportal.web.common.urls import own_path

blueprint = Blueprint("mode", __name__)


@blueprint.post("/mode")
def update() -> Response:
    """Remember the choice in the session and go back to the page that it was made on."""
    chosen = request.form.get("mode")
    if chosen in MODES:
        session["mode"] = chosen
    return htmx.redirect(own_path(request.form.get("next")) or "/")


def read_mode() -> None:
    """Every admin request finds the mode in `g.mode`."""
    g.mode = cast(Mode, session.get("mode", "test"))


def init_app(app: Flask) -> None:
    app.before_request(read_mode)
