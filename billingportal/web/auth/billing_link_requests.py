"""The form by which a client without a working billing link requests a new one by email."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.auth.sign_in import Throttled
from billingportal.domain.client_portal import link_requests
from billingportal.errors import Refusal
from billingportal.web.auth.billing_links import LinkRequestForm

blueprint = Blueprint("billing_link_requests", __name__, url_prefix="/portal/billing-link-requests")


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Request a new link. The answer is the same whether the address is known or not."""
    form = LinkRequestForm.of_request()
    if not form.is_valid():
        return render_template("client_portal/link_needed.html", state="none", form=form), 422
    try:
        with transaction() as session:
            link_requests.request_link(session, str(form.email.data), request.remote_addr or "")
    except Throttled as throttled:
        return refused_for_now(form, throttled)
    return render_template("client_portal/link_requested.html")


def refused_for_now(form: LinkRequestForm, throttled: Throttled) -> Response:
    form.refuse(Refusal("email", f"Too many links were requested. Try again in {throttled.minutes_left} minutes."))
    page = render_template("client_portal/link_needed.html", state="none", form=form)
    return Response(page, status=429, headers={"Retry-After": str(throttled.seconds_left)})
