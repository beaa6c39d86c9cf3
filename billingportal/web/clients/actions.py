"""Actions on a client, each as a noun: a suspension, its archiving, a billing link, a fetch."""

from flask import Blueprint, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.auth.billing_links import STAFF_HOURS
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.clients import stripe_details
from billingportal.domain.common import audit
from billingportal.domain.common.audit import by_staff
from billingportal.domain.plan_changes import cancellations, client_archiving
from billingportal.domain.plan_changes.quotes import ImmediateCharge
from billingportal.domain.subscriptions import departures as subscription_departures
from billingportal.errors import Conflict, Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth import billing_links
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients import page as client_page
from billingportal.web.clients.form import ReasonForm
from billingportal.web.clients.steps import acted, client_or_404, done
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import stripe_for, stripe_if_any

blueprint = Blueprint("client_actions", __name__, url_prefix="/saas/clients/<id:client_id>")


@blueprint.get("/suspension")
@require_role("owner", "admin")
def new_suspension(client_id: int) -> str:
    return render_template("clients/actions/suspend.html", client=client_or_404(client_id), form=ReasonForm())


@blueprint.post("/suspension")
@require_role("owner", "admin")
def create_suspension(client_id: int) -> ResponseReturnValue:
    client = client_or_404(client_id)
    form = ReasonForm.of_request()
    staff_id = current_staff().id
    try:
        with transaction() as session:
            client_lifecycle.suspend_client(session, client_id, form.reason.data or "", author=by_staff(staff_id))
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("clients/actions/suspend.html", client=client, form=form), 422
    return done(client_id, "is suspended. Nothing works for it until you reactivate it.")


@blueprint.post("/reactivation")
@require_role("owner", "admin")
def create_reactivation(client_id: int) -> ResponseReturnValue:
    staff_id = current_staff().id
    return acted(
        client_id,
        lambda session: client_lifecycle.reactivate_client(session, client_id, author=by_staff(staff_id)),
        "is active again.",
    )


@blueprint.post("/restoration")
@require_role("owner", "admin")
def create_restoration(client_id: int) -> ResponseReturnValue:
    staff_id = current_staff().id
    return acted(
        client_id, lambda session: client_lifecycle.restore_client(session, client_id, staff_id=staff_id), "is back."
    )


@blueprint.get("/archiving")
@require_role("owner", "admin")
def new_archiving(client_id: int) -> str:
    return archiving_page(client_id)


def archiving_page(client_id: int, refusal: str = "") -> str:
    """Explain what archiving means for this client and, if it pays, ask when."""
    pays = bool(subscription_departures.going_on(db.session(), client_or_404(client_id)))
    charge = last_charge(client_id) if pays else None
    client = client_or_404(client_id)
    going_on = subscription_departures.going_on(db.session(), client)
    held = client_page.held_of_client(db.session(), client)
    return render_template(
        "clients/actions/archive.html", client=client, going_on=going_on, held=held, charge=charge, refusal=refusal
    )


def last_charge(client_id: int) -> ImmediateCharge | None:
    """What cancelling now charges; None while Stripe does not tell."""
    try:
        return cancellations.last_charge(transaction, stripe_for(g.mode).gateway, client_id)
    except (StripeProblem, Refusal):
        return None


@blueprint.post("/archiving")
@require_role("owner", "admin")
def create_archiving(client_id: int) -> ResponseReturnValue:
    """Archive the client, `when` is now or end, and cancel its running subscriptions."""
    client_or_404(client_id)
    staff_id, at_once = current_staff().id, request.form.get("when") != "end"
    try:
        stripe = stripe_if_any(g.mode)
        client = client_archiving.archive_paying_client(
            transaction,
            stripe.gateway if stripe else None,
            client_id,
            at_once=at_once,
            shown=shown_amount(request.form),
            staff_id=staff_id,
        )
        words = "is archived." if client.archived_at else "will be archived when the subscription has ended."
    except Refusal as refusal:
        return archiving_page(client_id, refusal.message), 422
    except Conflict as conflict:
        return archiving_page(client_id, str(conflict)), 422
    except StripeProblem as problem:
        return archiving_page(client_id, f"Stripe did not do it: {problem} Nothing was archived."), 422
    return done(client_id, words)


@blueprint.get("/access-withdrawal")
@require_role("owner", "admin")
def new_access_withdrawal(client_id: int) -> str:
    return render_template("clients/actions/withdraw_access.html", client=client_or_404(client_id))


@blueprint.post("/access-withdrawal")
@require_role("owner", "admin")
def create_access_withdrawal(client_id: int) -> ResponseReturnValue:
    """End every billing link and session of the client."""
    staff_id = current_staff().id
    return acted(
        client_id,
        lambda session: client_lifecycle.withdraw_access(session, client_id, staff_id=staff_id),
        "is signed out everywhere. Older billing links no longer work.",
    )


@blueprint.get("/billing-links/new")
@require_role("owner", "admin")
def new_billing_link(client_id: int) -> str:
    return render_template(
        "clients/actions/billing_link.html", client=client_or_404(client_id), address=None, hours=STAFF_HOURS
    )


@blueprint.post("/billing-links")
@require_role("owner", "admin")
def create_billing_link(client_id: int) -> ResponseReturnValue:
    """Show a new link, once. The link is not stored, only the audit entry."""
    client = client_or_404(client_id)
    if client.archived_at is not None:
        abort(409, f"{client.name} is archived. A billing link would open nothing.")
    address = own_address(billing_links.address(client, hours=STAFF_HOURS))
    staff_id = current_staff().id
    with transaction() as session:
        words = f"Made a billing link for {STAFF_HOURS} hours"
        audit.record_act(
            session, audit.Act("client.billing_link_made", words, staff_id=staff_id, subject=("client", client_id))
        )
    return render_template(
        "clients/actions/billing_link.html", client=client_or_404(client_id), address=address, hours=STAFF_HOURS
    )


@blueprint.post("/fetches")
@require_role("owner", "admin")
def create_fetch(client_id: int) -> ResponseReturnValue:
    """Fetch the client's data from Stripe now."""
    client_or_404(client_id)
    try:
        stripe = stripe_for(g.mode)
        stripe_details.fetch_from_stripe(transaction, stripe.gateway, stripe.account_id, client_id)
    except Refusal as refusal:
        abort(409, refusal.message)
    except StripeProblem as problem:
        abort(503, f"Stripe could not be asked: {problem} What you see is what was known before.")
    if htmx.is_partial(request):
        return htmx.with_toast(client_page.subscription_card(client_or_404(client_id)), "ok", "Fetched from Stripe")
    return done(client_id, "is up to date with Stripe.")
