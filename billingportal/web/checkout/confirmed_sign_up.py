"""Signing up where addresses are confirmed first: goes on from the link in an email."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from billingportal.db import db
from billingportal.domain.auth import sign_up_links
from billingportal.domain.checkout import sign_up_requests
from billingportal.domain.checkout.sign_ups import Applicant
from billingportal.models import SignUpRequest
from billingportal.portal import current_portal
from billingportal.web.auth.session import find_staff
from billingportal.web.checkout.sign_up import sign_up_now
from billingportal.web.checkout.sign_up_pages import Confirmed, SignUpForm, answered, page, visitor
from billingportal.web.offers.order import Order, order_of
from billingportal.web.offers.query import asked

blueprint = Blueprint("confirmed_sign_up", __name__, url_prefix=sign_up_links.PATH)


@blueprint.get("")
def sent() -> str:
    """The answer to every sign-up. It names no address, and is the same for all."""
    return render_template("checkout/sign_up/sent.html")


@blueprint.get("/<secret:token>")
def show(token: str) -> ResponseReturnValue:
    """The order once more. Opening the link changes nothing, since mail scanners open links too."""
    found = find_request(token)
    if found is None:
        return expired()
    visitor()
    return discreet(Response(page(SignUpForm(), order_of_request(found), confirmed(found))))


@blueprint.post("/<secret:token>")
def create(token: str) -> ResponseReturnValue:
    found = find_request(token)
    if found is None:
        return expired()
    form, order, shown = SignUpForm(), order_of_request(found), confirmed(found)
    applicant = Applicant(
        found.name, found.email, found.workspace_name, visitor(), request.remote_addr or "", found.accepted_terms
    )
    return answered(
        lambda: sign_up_now(applicant, order), lambda: page(form, order_of_request(found), shown), form, order
    )


def find_request(token: str) -> SignUpRequest | None:
    return sign_up_requests.find_request(db.session(), current_portal().settings, token)


def order_of_request(found: SignUpRequest) -> Order:
    """The order as it is sold now, in the mode in which the portal sells now; staff may try the other one."""
    choice = MultiDict({name: str(value) for name, value in found.choice.items()})
    return order_of(asked(choice), found.mode if find_staff() else None)


def confirmed(found: SignUpRequest) -> Confirmed:
    return Confirmed(found.name, found.email, request.path)


def expired() -> ResponseReturnValue:
    return render_template("checkout/sign_up/link_expired.html"), 410


def discreet(response: Response) -> Response:
    """Send no referrer: the URL contains the token, which no other site may learn."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
