"""The client's own billing page, and its actions at Stripe: change card or details, pay an open invoice."""

import secrets
from collections.abc import Callable

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import Transaction, db, transaction
from billingportal.domain.client_portal import stripe_actions, stripe_portal
from billingportal.domain.client_portal.billing_page import BillingPage, billing_page
from billingportal.domain.client_portal.stripe_actions import Payment
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import ProcessorAccount
from billingportal.money import Money
from billingportal.stripe_gateway.errors import StripeProblem, StripeUnreachable, TooManyRequests
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview
from billingportal.stripe_gateway.requests.customer_portal import Flow
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.security import may_redirect_form_to
from billingportal.web.common.stripe_access import CLOSED_TO_CLIENTS, stripe_of

blueprint = Blueprint("billing", __name__, url_prefix="/portal/billing")
AWAY = "Stripe does not answer right now. What you see is what we knew last. Try again in a moment."
TOKEN_LENGTH = 40


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
            problem = words_of(stripes)
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
    """Pay the open invoice now."""
    return paid_by(stripe_actions.pay)


@blueprint.post("/resumption")
@require_client
def create_resumption() -> ResponseReturnValue:
    """Resume a subscription that paused when its trial ended."""
    return paid_by(stripe_actions.resume)


def paid_by(errand: Callable[[Transaction, StripeGateway, int, str], Payment]) -> ResponseReturnValue:
    token = request.form.get("token", "")[:TOKEN_LENGTH]
    try:
        done = errand(transaction, gateway(), current_client().id, token)
    except StripeProblem as problem:
        return page(problem=words_of(problem)), 503
    except Refusal as refusal:
        return page(problem=refusal.message), 422
    return after(done)


def after(done: Payment) -> ResponseReturnValue:
    """Show the outcome of a payment."""
    if done.outcome == "declined":
        reason = f"{done.words} " if done.words else ""
        return page(problem=f"{reason}Nothing was charged. Use another card, or ask your bank."), 422
    if done.outcome == "confirm" and done.page_url:
        return onward(done.page_url, "Your bank asks you to confirm the payment")
    words = {
        "paid": "Paid. Everything works again.",
        "on_its_way": "The payment is on its way. It may take a few days to arrive.",
        "nothing": "Nothing is open: it was paid already.",
    }
    flash(words.get(done.outcome, "The payment is not finished yet."))
    return htmx.redirect(url_for("billing.show"))


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
        return page(problem=words_of(problem)), 503
    except Refusal as refusal:
        return page(problem=refusal.message), 422
    return onward(address, "Go on to Stripe")


def onward(address: str, words: str) -> ResponseReturnValue:
    """Redirect to a page of Stripe's, or show a link to it where browsers would not follow a form."""
    if may_redirect_form_to(address):
        return htmx.redirect(address)
    return render_template("client_portal/onward.html", address=address, words=words)


def words_of(problem: StripeProblem) -> str:
    """The message for the client. Only staff can repair a key that lacks a right, so that goes to the log."""
    if isinstance(problem, (StripeUnreachable, TooManyRequests)):
        return AWAY
    current_app.logger.warning("a client's errand failed: %s (request %s)", problem.message, problem.request_id)
    return CLOSED_TO_CLIENTS


def gateway() -> StripeGateway:
    """The gateway of the account that the client is a customer of. Raises Refusal where it is not connected."""
    found = stripe_actions.find_customer_ids(db.session(), current_client().id)
    account = db.session().get(ProcessorAccount, found.account_id) if found else None
    if account is None or account.state != "connected":
        raise Refusal("", CLOSED_TO_CLIENTS)
    return stripe_of(account, for_client=True).gateway


def page(*, problem: str = "", exact: Money | None = None, exact_problem: str = "") -> str:
    shown: BillingPage = billing_page(db.session(), current_client(), whole_number(request.args.get("before", "")))
    return render_template(
        "client_portal/show.html",
        page=shown,
        problem=problem,
        exact=exact,
        exact_problem=exact_problem,
        token=secrets.token_urlsafe(16),
    )


def amount_of(preview: InvoicePreview | None) -> Money | None:
    return Money(preview.due_minor, preview.currency) if preview else None
