"""SaaS > Clients > a client > Second subscription: cancel and refund it, or make it the main one."""

from flask import Blueprint, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.adoption import duplicate_payments, duplicates
from billingportal.domain.adoption.duplicates import Duplicate
from billingportal.domain.common.shown_amounts import Changed
from billingportal.errors import Refusal
from billingportal.models import Client, Entitlement
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients.steps import client_or_404
from billingportal.web.common import htmx
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import stripe_for

blueprint = Blueprint(
    "duplicates", __name__, url_prefix="/saas/clients/<id:client_id>/duplicates/<public:subscription_id>"
)


@blueprint.app_template_global("duplicates_of")
def duplicates_of(client: Client, entitlement: Entitlement) -> list[Duplicate]:
    """The second subscriptions that a client's page lists."""
    return duplicates.duplicates_of(db.session(), client, entitlement)


@blueprint.get("/removal")
@require_role("owner", "admin")
def new_removal(client_id: int, subscription_id: str) -> str:
    """Ask for confirmation: money is refunded."""
    client_or_404(client_id)
    return asking(client_id, subscription_id)


def asking(client_id: int, subscription_id: str, problem: str = "") -> str:
    """The page that says what goes back, by Stripe; without the button while Stripe does not tell."""
    is_known = True
    try:
        stripe = stripe_for(g.mode)
        duplicate_payments.read_paid(transaction, stripe.gateway, stripe.account_id, subscription_id)
    except (Refusal, StripeProblem):
        is_known = False
    client = client_or_404(client_id)
    found = duplicates.find_duplicate(db.session(), client, subscription_id)
    if found is None:
        abort(404, duplicates.GONE)
    return render_template(
        "adoption/duplicates/removal.html", client=client, found=found, is_known=is_known, problem=problem
    )


@blueprint.post("/removal")
@require_role("owner", "admin")
def create_removal(client_id: int, subscription_id: str) -> ResponseReturnValue:
    client = client_or_404(client_id)
    try:
        refusals = removed(client, subscription_id)
    except Changed as changed:
        return asking(client_id, subscription_id, changed.message), 422
    except Refusal as refusal:
        flash(refusal.message)
        return htmx.redirect(url_for("clients.show", client_id=client_id))
    except StripeProblem as problem:
        db.session().rollback()
        words = f"Stripe did not do it to the end ({problem}). Press the button again: nothing is done twice."
        return asking(client_id, subscription_id, words), 422
    flash(" ".join(["The second subscription is cancelled.", *(refusals or ["What was paid for it is given back."])]))
    return htmx.redirect(url_for("clients.show", client_id=client_id))


def removed(client: Client, subscription_id: str) -> list[str]:
    """Cancel and refund. Returns Stripe's refusals in words. Raises Refusal and StripeProblem."""
    stripe, shown = stripe_for(g.mode), shown_amount(request.form)
    if shown is not None and shown.stripe_id != subscription_id:
        shown = None
    return duplicates.remove_duplicate(
        transaction, stripe.gateway, stripe.account_id, client.id, shown, staff_id=current_staff().id
    )


@blueprint.post("/main")
@require_role("owner", "admin")
def update_main(client_id: int, subscription_id: str) -> ResponseReturnValue:
    """Make this the main subscription, so that the other one can be cancelled."""
    client = client_or_404(client_id)
    try:
        with transaction() as session:
            duplicates.make_main(session, client.id, subscription_id, staff_id=current_staff().id)
    except Refusal as refusal:
        flash(refusal.message)
    else:
        flash("The other subscription counts now.")
    return htmx.redirect(url_for("clients.show", client_id=client_id))
