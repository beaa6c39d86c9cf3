"""Billing links: staff hand them over; opening one signs the browser in as that client."""

import re
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.auth import billing_links
from billingportal.domain.auth.billing_links import Opened
from billingportal.domain.mail import settings as mail_settings
from billingportal.models import Client
from billingportal.portal import current_portal
from billingportal.web.auth import client_session
from billingportal.web.auth.fields import email_field
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

# Where a link may lead beside the billing page: its parameter `to`.
DESTINATIONS = {"plan": "own_plan.choose"}
# Or to one of the client's invoices: its parameter `invoice`.
INVOICE_ID = re.compile(r"in_[A-Za-z0-9_]{1,250}")

blueprint = Blueprint("billing_links", __name__, url_prefix=billing_links.PATH)


def address(client: Client, *, hours: int) -> str:
    """The path of a new link that opens the client's billing page for so many hours."""
    return billing_links.link_path(
        current_portal().settings.secret_keys, client.id, client.access_generation, hours=hours
    )


def invoice_address(client: Client, stripe_invoice_id: str, *, hours: int) -> str:
    """The same, leading to the page of one of the client's invoices."""
    return address(client, hours=hours) + invoice_query(stripe_invoice_id)


def invoice_query(stripe_invoice_id: str) -> str:
    """What makes a link lead to an invoice. Whose it is, that page finds out."""
    return f"?{urlencode({'invoice': stripe_invoice_id})}"


class LinkRequestForm(PortalForm):
    """Requests a new link by email. Open only where email to clients is switched on."""

    email = email_field()

    @property
    def is_open(self) -> bool:
        return mail_settings.is_on(db.session())


def entered(token: str) -> Opened:
    """Sign the client in if the link is valid. Returns the state of the link."""
    secret_keys = current_portal().settings.secret_keys
    found = billing_links.open_link(db.session(), secret_keys, token)
    if found.client is None:
        return found
    with transaction() as writing:
        found = billing_links.open_link(writing, secret_keys, token, lock=True)
        if found.client is not None:
            client_session.sign_in(writing, found.client)
    return found


@blueprint.get("/<secret:token>")
def show(token: str) -> ResponseReturnValue:
    """Sign in, and redirect to a URL without the token. Opening it twice, as mail scanners do, does no harm."""
    found = entered(token)
    if found.client is None:
        status = 404 if found.state == "unknown" else 410
        return discreet(Response(render_template("client_portal/link_needed.html", state=found.state), status=status))
    return discreet(htmx.redirect(destination()))


def destination() -> str:
    """The page that the link leads to. Without a place of its own it is the billing page."""
    invoice_id = request.args.get("invoice", "")
    if INVOICE_ID.fullmatch(invoice_id):
        return url_for("own_invoices.show", stripe_invoice_id=invoice_id)
    return url_for(DESTINATIONS.get(request.args.get("to", ""), "billing.show"))


def discreet(response: Response) -> Response:
    """Send no referrer: the URL contains the token, which no other site may learn."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def init_app(app: Flask) -> None:
    app.add_template_global(LinkRequestForm, "link_request_form")
