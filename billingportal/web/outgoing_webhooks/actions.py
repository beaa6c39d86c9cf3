"""What staff do with an address: pause, switch on, rotate its secret, delete."""

from flask import Blueprint, flash, g, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField

from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import endpoints
from billingportal.errors import Conflict, Refusal
from billingportal.portal import current_portal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.outgoing_webhooks.endpoints import endpoint_or_404, page

blueprint = Blueprint("outgoing_webhook_actions", __name__, url_prefix="/settings/outgoing-webhooks/<id:endpoint_id>")


class RotationForm(PortalForm):
    """`secret_end` names the secret that the person saw, so that a second click does not rotate again."""

    secret_end = HiddenField()


@blueprint.post("/pauses")
@require_role("owner", "admin")
def create_pause(endpoint_id: int) -> ResponseReturnValue:
    endpoint_or_404(endpoint_id)
    with transaction() as session:
        endpoints.pause_endpoint(session, g.mode, endpoint_id, staff_id=current_staff().id)
    flash("The address is paused. Messages wait until you resume it.")
    return back_to(endpoint_id)


@blueprint.post("/resumptions")
@require_role("owner", "admin")
def create_resumption(endpoint_id: int) -> ResponseReturnValue:
    endpoint_or_404(endpoint_id)
    with transaction() as session:
        endpoints.switch_on(session, g.mode, endpoint_id, staff_id=current_staff().id)
    flash("The address is on. Messages that waited are being sent, the oldest first.")
    return back_to(endpoint_id)


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


def back_to(endpoint_id: int) -> ResponseReturnValue:
    return htmx.redirect(url_for("outgoing_webhooks.show", endpoint_id=endpoint_id))
