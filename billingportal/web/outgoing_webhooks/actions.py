"""What staff do with an address: pause, switch on, rotate its secret, delete."""

from typing import Protocol

from flask import Blueprint, flash, g, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField

from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import endpoints
from billingportal.errors import Conflict, Refusal
from billingportal.models import OutgoingEndpoint
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.outgoing_webhooks.endpoints import endpoint_or_404, page

blueprint = Blueprint("outgoing_webhook_actions", __name__, url_prefix="/settings/outgoing-webhooks/<id:endpoint_id>")


class Act(Protocol):
    """Changes an address. Raises Refusal."""

    def __call__(self, session: Session, mode: Mode, endpoint_id: int, *, staff_id: int) -> OutgoingEndpoint: ...


class RotationForm(PortalForm):
    """`secret_end` names the secret that the person saw, so that a second click does not rotate again."""

    secret_end = HiddenField()


@blueprint.post("/pauses")
@require_role("owner", "admin")
def create_pause(endpoint_id: int) -> ResponseReturnValue:
    return acted(endpoint_id, endpoints.pause_endpoint, "The address is paused. Messages wait until you resume it.")


@blueprint.post("/resumptions")
@require_role("owner", "admin")
def create_resumption(endpoint_id: int) -> ResponseReturnValue:
    words = "The address is on. Messages that waited are being sent, the oldest first."
    return acted(endpoint_id, endpoints.switch_on, words)


def acted(endpoint_id: int, act: Act, words: str) -> ResponseReturnValue:
    """Pause or resume, and go back to the address. What is refused is said on its page."""
    endpoint_or_404(endpoint_id)
    try:
        with transaction() as session:
            act(session, g.mode, endpoint_id, staff_id=current_staff().id)
    except Refusal as refusal:
        return page(endpoint_or_404(endpoint_id), problem=refusal.message)
    flash(words)
    return htmx.redirect(url_for("outgoing_webhooks.show", endpoint_id=endpoint_id))


@blueprint.post("/secrets")
@require_role("owner", "admin")
def create_secret(endpoint_id: int) -> ResponseReturnValue:
    """Rotate the secret. The new one is in this answer and nowhere else."""
    endpoint_or_404(endpoint_id)
    seen, vault, staff_id = RotationForm.of_request().secret_end.data or "", current_portal().vault, current_staff().id
    try:
        with transaction() as session:
            _, secret = endpoints.rotate_secret(session, vault, g.mode, endpoint_id, secret_end=seen, staff_id=staff_id)
    except (Refusal, Conflict) as problem:
        return page(endpoint_or_404(endpoint_id), problem=str(problem))
    return page(endpoint_or_404(endpoint_id), secret=secret)


@blueprint.post("/deletion")
@require_role("owner", "admin")
def create_deletion(endpoint_id: int) -> ResponseReturnValue:
    endpoint = endpoint_or_404(endpoint_id)
    url = endpoint.url
    with transaction() as session:
        endpoints.delete_endpoint(session, g.mode, endpoint_id, staff_id=current_staff().id)
    flash(f"{url} is deleted.")
    return htmx.redirect(url_for("outgoing_webhooks.index"))
