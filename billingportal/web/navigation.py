"""What the navigation shows beside its links."""

from dataclasses import dataclass

from flask import Blueprint, Flask, Response

from billingportal.web import htmx
from billingportal.web.mode import Mode

blueprint = Blueprint("navigation", __name__)
FIRST_PAGE = "/saas/payment-processor"


@dataclass(frozen=True)
class Attention:
    """What somebody should look at, in one mode."""

    failed_events: int = 0
    processor_trouble: bool = False


def attention(mode: Mode) -> Attention:
    """Asked once for every admin page, so it must stay two quick queries at most."""
    return Attention()


@blueprint.get("/")
def show() -> Response:
    return htmx.redirect(FIRST_PAGE)


def init_app(app: Flask) -> None:
    app.add_template_global(attention)
