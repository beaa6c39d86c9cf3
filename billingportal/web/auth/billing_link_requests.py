"""The form by which a client without a working billing link requests a new one by email."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.client_portal import link_requests
from billingportal.web.auth.billing_links import LinkRequestForm

blueprint = Blueprint("billing_link_requests", __name__, url_prefix="/portal/billing-link-requests")


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Email a new link. The answer is the same whether the address is known or not."""
    form = LinkRequestForm.of_request()
    if not form.is_valid():
        return render_template("client_portal/link_needed.html", state="none", form=form), 422
    with transaction() as session:
        link_requests.request_link(session, str(form.email.data))
    return render_template("client_portal/link_requested.html")
