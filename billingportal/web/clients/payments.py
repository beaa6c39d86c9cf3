"""Staff charge a client's open invoice."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.client_portal import staff_payments
from billingportal.errors import Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients import page as client_page
from billingportal.web.clients.steps import client_or_404, done
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import refusal_text, stripe_for

blueprint = Blueprint("client_payments", __name__, url_prefix="/saas/clients/<id:client_id>/payments")
LONGEST_TOKEN = 100


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    """Charge the invoice that the button named."""
    client = client_or_404(client_id)
    mode, staff_id, shown = client.mode, current_staff().id, shown_amount(request.form)
    try:
        gateway = stripe_for(mode).gateway
        attempt = request.form.get("token", "")[:LONGEST_TOKEN]
        words = staff_payments.charge_client(transaction, gateway, client_id, shown, attempt, staff_id=staff_id)
    except Refusal as refusal:
        return client_page.render(client_or_404(client_id), problem=refusal.message), 422
    except StripeProblem as problem:
        return client_page.render(client_or_404(client_id), problem=refusal_text(problem)), 503
    return done(client_id, words)
