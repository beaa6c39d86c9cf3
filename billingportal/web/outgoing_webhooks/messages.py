"""The messages of an address: tests, sending again, and what became of one."""

from flask import Blueprint, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.outgoing_webhooks import endpoints, listing
from billingportal.domain.outgoing_webhooks import messages as outgoing_messages
from billingportal.errors import Refusal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.outgoing_webhooks import status_words
from billingportal.web.outgoing_webhooks.endpoints import endpoint_or_404, page

blueprint = Blueprint("outgoing_messages", __name__, url_prefix="/settings/outgoing-webhooks/<id:endpoint_id>/messages")


@blueprint.get("/<big_id:delivery_id>")
def show(endpoint_id: int, delivery_id: int) -> ResponseReturnValue:
    """One message, which its page asks for while it is being sent."""
    if not htmx.is_partial(request):
        return htmx.redirect(url_for("outgoing_webhooks.show", endpoint_id=endpoint_id))
    return message_item(endpoint_id, delivery_id)


def message_item(endpoint_id: int, delivery_id: int) -> str:
    endpoint = endpoint_or_404(endpoint_id)
    listed = listing.find_message(db.session(), endpoint_id, delivery_id)
    if listed is None:
        abort(404, "This message is gone. Messages are kept for 30 days.")
    return render_template(
        "outgoing_webhooks/_message.html", listed=listed, endpoint=endpoint, words=status_words, is_open=True
    )


@blueprint.post("/tests")
@require_role("owner", "admin")
def create_test(endpoint_id: int) -> ResponseReturnValue:
    endpoint_or_404(endpoint_id)
    with transaction() as session:
        endpoint = endpoints.lock_endpoint(session, g.mode, endpoint_id)
        delivery_id = outgoing_messages.send_test(session, endpoint, current_staff().name)
    if htmx.is_partial(request):
        return message_item(endpoint_id, delivery_id)
    flash("The test is being sent.")
    return htmx.redirect(url_for("outgoing_webhooks.show", endpoint_id=endpoint_id))


@blueprint.post("/<big_id:delivery_id>/resends")
@require_role("owner", "admin")
def create_resend(endpoint_id: int, delivery_id: int) -> ResponseReturnValue:
    endpoint_or_404(endpoint_id)
    try:
        with transaction() as session:
            endpoint = endpoints.lock_endpoint(session, g.mode, endpoint_id)
            outgoing_messages.resend_message(session, endpoint, delivery_id, staff_id=current_staff().id)
    except Refusal as refusal:
        if htmx.is_partial(request):
            return htmx.with_toast(message_item(endpoint_id, delivery_id), "bad", "Not sent", refusal.message), 422
        return page(endpoint_or_404(endpoint_id), problem=refusal.message)
    if htmx.is_partial(request):
        return message_item(endpoint_id, delivery_id)
    flash("The message is being sent.")
    return htmx.redirect(url_for("outgoing_webhooks.show", endpoint_id=endpoint_id))
