"""The client's own billing page, and its actions at Stripe: change card or details, pay an open invoice."""

import secrets

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.client_portal import payments, stripe_actions, stripe_portal
from billingportal.domain.client_portal.billing_page import BillingPage, billing_page
from billingportal.domain.limit_notices import standing
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.money import Money
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview
from billingportal.stripe_gateway.requests.customer_portal import Flow
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.client_portal.outcomes import (
    DECLINED,
    gateway,
    onward,
    show_outcome,
    stripe_problem_text,
    token_of,
)
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import CLOSED_TO_CLIENTS

blueprint = Blueprint("billing", __name__, url_prefix="/portal/billing")


@blueprint.get("")
@require_client
def show() -> ResponseReturnValue:
    return page()


@blueprint.get("/next-payment")
@require_client
def next_payment() -> ResponseReturnValue:
    """The same page with the exact amount of the next payment, fetched from Stripe."""
    shown = billing_page(db.session(), current_client())
    preview, problem = None, ""
    if shown.subscription is not None and shown.next is not None:
        subscription_id = shown.subscription.stripe_subscription_id
        try:
            preview = gateway().subscriptions.preview(subscription_id)
        except StripeProblem as stripes:
            problem = stripe_problem_text(stripes)
        except Refusal as refusal:
            problem = refusal.message
    if htmx.is_partial(request):
        shown = billing_page(db.session(), current_client())
        return render_template(
            "client_portal/_next_payment.html", page=shown, exact=amount_of(preview), exact_problem=problem
        )
    return page(exact=amount_of(preview), exact_problem=problem)


@blueprint.post("/payment-method")
@require_client
def create_payment_method() -> ResponseReturnValue:
    """Redirect to Stripe's page for a new payment method."""
    return at_stripe("payment_method_update")


@blueprint.post("/details")
@require_client
def create_details() -> ResponseReturnValue:
    """Redirect to Stripe's page for name, address and tax ids."""
    return at_stripe("customer_update")


@blueprint.get("/return")
@require_client
def back() -> ResponseReturnValue:
    """The return URL: fetch the changes made at Stripe before the page is shown."""
    try:
        if stripe_actions.refresh_client(transaction, gateway(), current_client().id):
            flash("Your new payment method is used from now on.")
    except (StripeProblem, Refusal):
        flash("Stripe does not answer right now. What you changed will show here within some minutes.")
    return htmx.redirect(url_for("billing.show"))


@blueprint.post("/payments")
@require_client
def create_payment() -> ResponseReturnValue:
    """Pay the invoice that was shown, now."""
    shown = shown_amount(request.form)
    try:
        done = payments.pay(transaction, gateway(), current_client().id, shown, token_of(request.form))
    except StripeProblem as problem:
        return page(problem=stripe_problem_text(problem)), 503
    except Refusal as refusal:
        return page(problem=refusal.message), 422
    if done.outcome == "declined":
        return page(problem=DECLINED.format(reason=done.words).strip()), 422
    return show_outcome(done)


def at_stripe(flow: Flow) -> ResponseReturnValue:
    """Redirect to Stripe's customer portal, which returns to `back`."""
    try:
        asking = gateway()
        found = stripe_actions.find_customer_ids(db.session(), current_client().id)
        if found is None:
            raise Refusal("", CLOSED_TO_CLIENTS)
        address = stripe_portal.open_session(
            transaction, asking, found.account_id, found.customer_id, own_address(url_for("billing.back")), flow
        )
    except StripeProblem as problem:
        return page(problem=stripe_problem_text(problem)), 503
    except Refusal as refusal:
        return page(problem=refusal.message), 422
    return onward(address, "Go on to Stripe")


def page(*, problem: str = "", exact: Money | None = None, exact_problem: str = "") -> str:
    shown: BillingPage = billing_page(db.session(), current_client(), whole_number(request.args.get("before", "")))
    return render_template(
        "client_portal/show.html",
        page=shown,
        limits=standing.client_notices(db.session(), shown.client),
        problem=problem,
        exact=exact,
        exact_problem=exact_problem,
        token=secrets.token_urlsafe(16),
    )


def amount_of(preview: InvoicePreview | None) -> Money | None:
    return Money(preview.due_minor, preview.currency) if preview else None
