"""Billing links: staff hand them over, and whoever opens one is signed in as that client."""

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain import billing_links
from billingportal.domain.billing_links import Opened
from billingportal.models import Client
from billingportal.portal import current_portal
from billingportal.web import client_session, htmx

blueprint = Blueprint("billing_links", __name__, url_prefix="/portal/billing-link")


def address(client: Client, *, hours: int) -> str:
    """The path of a new link that opens the client's billing page for so many hours."""
    token = billing_links.token(current_portal().settings.secret_keys, client.id, hours=hours)
    return url_for("billing_links.show", token=token)


def opened(token: str) -> Opened:
    return billing_links.opened(db.session(), current_portal().settings.secret_keys, token)


@blueprint.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """Sign in, and go on to an address without the token. Opening it twice, as mail scanners do, does no harm."""
    found = opened(token)
    if found.client is None:
        status = 410 if found.state == "expired" else 404
        return discreet(Response(render_template("billing/link_needed.html", state=found.state), status=status))
    client_session.sign_in(found.client)
    return discreet(htmx.redirect(url_for("billing.show")))


def discreet(response: Response) -> Response:
    """The address holds the token: no other site may learn it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
