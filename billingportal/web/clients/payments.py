"""Staff charge a client's open invoice."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.client_portal import staff_payments
from billingportal.domain.client_portal.staff_payments import ShownInvoice
from billingportal.errors import Refusal
from billingportal.limits import LARGEST_BIG_ID, whole_number
from billingportal.money import Money
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients import page as client_page
from billingportal.web.clients.steps import client_or_404, done
from billingportal.web.common.stripe_access import refusal_text, stripe_for

blueprint = Blueprint("client_payments", __name__, url_prefix="/saas/clients/<id:client_id>/payments")
LONGEST = 100


@blueprint.post("")
@require_role("owner", "admin")
def create(client_id: int) -> ResponseReturnValue:
    """Charge the invoice that the button named."""
    client = client_or_404(client_id)
    mode, staff_id, shown = client.mode, current_staff().id, shown_invoice()
    try:
        gateway = stripe_for(mode).gateway
        words = staff_payments.charge_client(transaction, gateway, client_id, shown, staff_id=staff_id)
    except Refusal as refusal:
        return client_page.render(client_or_404(client_id), problem=refusal.message), 422
    except StripeProblem as problem:
        return client_page.render(client_or_404(client_id), problem=refusal_text(problem)), 503
    return done(client_id, words)


def shown_invoice() -> ShownInvoice:
    given = {name: request.form.get(name, "")[:LONGEST] for name in ("invoice", "amount", "currency", "token")}
    minor = whole_number(given["amount"], LARGEST_BIG_ID)
    return ShownInvoice(given["invoice"], Money(minor or 0, given["currency"]), given["token"])
