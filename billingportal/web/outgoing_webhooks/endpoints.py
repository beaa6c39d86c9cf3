"""Settings > Outgoing webhooks: the addresses of the host platform."""

from flask import Blueprint, Response, abort, flash, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.outgoing_webhooks import endpoints, listing
from billingportal.domain.outgoing_webhooks.event_types import CHOICES, GROUPS
from billingportal.domain.outgoing_webhooks.listing import ListedMessage, MessageFilter, Waiting
from billingportal.domain.outgoing_webhooks.retention import KEPT_DAYS
from billingportal.errors import Refusal
from billingportal.limits import LARGEST_BIG_ID, whole_number
from billingportal.models import OutgoingEndpoint, Staff
from billingportal.portal import current_portal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.outgoing_webhooks import status_words
from billingportal.web.outgoing_webhooks.form import EndpointForm
from billingportal.web.outgoing_webhooks.status_words import StatusLine

blueprint = Blueprint("outgoing_webhooks", __name__, url_prefix="/settings/outgoing-webhooks")
FILTERS: dict[MessageFilter, str] = {"": "All", "failed": "Failed", "waiting": "Waiting"}


@blueprint.get("")
def index() -> str:
    reading = db.session()
    found = endpoints.listed_endpoints(reading, g.mode)
    waiting = listing.waiting_by_endpoint(reading, [endpoint.id for endpoint in found])
    rows = [(one, waits := waiting.get(one.id, Waiting()), status_of(one, waits)) for one in found]
    return render_template("outgoing_webhooks/index.html", rows=rows, words=status_words, choices=CHOICES)


def status_of(endpoint: OutgoingEndpoint, waiting: Waiting) -> StatusLine:
    return status_words.endpoint_status(endpoint, waiting, paused_by(endpoint))


def paused_by(endpoint: OutgoingEndpoint) -> str | None:
    """The name of the person who paused the address."""
    staff_id = endpoint.paused_by_staff_id
    staff = db.session().get(Staff, staff_id) if staff_id is not None else None
    return staff.name if staff else None


@blueprint.get("/new")
@require_role("owner", "admin")
def new() -> str:
    return form_page(EndpointForm())


def form_page(form: EndpointForm, endpoint: OutgoingEndpoint | None = None) -> str:
    form.describe(allows_private=current_portal().settings.allows_private_webhooks)
    return render_template("outgoing_webhooks/edit.html", form=form, groups=GROUPS, endpoint=endpoint)


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Add an address. Its secret is in this answer and nowhere else."""
    form, portal = EndpointForm.of_request(), current_portal()
    allows_private = portal.settings.allows_private_webhooks
    try:
        with transaction() as session:
            endpoint, secret = endpoints.add_endpoint(
                session, portal.vault, g.mode, form.terms, allows_private=allows_private, staff_id=current_staff().id
            )
            endpoint_id = endpoint.id
    except Refusal as refusal:
        form.refuse(refusal)
        return form_page(form), 422
    return page(endpoint_or_404(endpoint_id), secret=secret)


@blueprint.get("/<id:endpoint_id>")
def show(endpoint_id: int) -> Response:
    return page(endpoint_or_404(endpoint_id))


def endpoint_or_404(endpoint_id: int) -> OutgoingEndpoint:
    endpoint = endpoints.find_endpoint(db.session(), g.mode, endpoint_id)
    if endpoint is None:
        abort(404, "This address is not in this mode. It may have been deleted.")
    return endpoint


def page(endpoint: OutgoingEndpoint, *, secret: str | None = None, problem: str | None = None) -> Response:
    """The page of an address. `secret` is shown on it once, so no cache may keep the answer."""
    reading = db.session()
    messages, older_than = listed(endpoint)
    waits = listing.waiting_by_endpoint(reading, [endpoint.id]).get(endpoint.id, Waiting())
    text = render_template(
        "outgoing_webhooks/show.html",
        endpoint=endpoint,
        status=status_of(endpoint, waits),
        waiting=waits,
        paused_by=paused_by(endpoint),
        messages=messages,
        older_than=older_than,
        wanted=filter_of_request(),
        filters=FILTERS,
        choices=CHOICES,
        kept_days=KEPT_DAYS,
        words=status_words,
        secret=secret,
        problem=problem,
    )
    response = make_response(text, 422 if problem else 200)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def listed(endpoint: OutgoingEndpoint) -> tuple[list[ListedMessage], int | None]:
    """The messages that the request asks for, and the id from which the next page goes on."""
    before = whole_number(request.args.get("before", ""), LARGEST_BIG_ID)
    found = listing.listed_messages(db.session(), endpoint.id, *filter_of_request(), before)
    shown = found[: listing.PAGE]
    return shown, shown[-1].delivery.id if len(found) > listing.PAGE else None


def filter_of_request() -> tuple[MessageFilter, str]:
    state, event_type = request.args.get("state", ""), request.args.get("type", "")
    known: MessageFilter = next((one for one in FILTERS if one == state), "")
    return known, event_type if event_type in CHOICES else ""


@blueprint.get("/<id:endpoint_id>/edit")
@require_role("owner", "admin")
def edit(endpoint_id: int) -> str:
    endpoint = endpoint_or_404(endpoint_id)
    return form_page(EndpointForm.of_endpoint(endpoint), endpoint)


@blueprint.post("/<id:endpoint_id>")
@require_role("owner", "admin")
def update(endpoint_id: int) -> ResponseReturnValue:
    endpoint, form = endpoint_or_404(endpoint_id), EndpointForm.of_request()
    allows_private = current_portal().settings.allows_private_webhooks
    staff_id = current_staff().id
    try:
        with transaction() as session:
            endpoints.change_endpoint(
                session, g.mode, endpoint_id, form.terms, allows_private=allows_private, staff_id=staff_id
            )
    except Refusal as refusal:
        form.refuse(refusal)
        return form_page(form, endpoint), 422
    flash("The address is saved.")
    return htmx.redirect(url_for("outgoing_webhooks.show", endpoint_id=endpoint_id))
