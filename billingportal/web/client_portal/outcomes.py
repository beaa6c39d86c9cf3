"""What the payment pages of a client share: the gateway, the outcome of a payment, and Stripe's problems in words."""

from collections.abc import Mapping

from flask import current_app, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain.client_portal import stripe_actions
from billingportal.domain.client_portal.payments import Payment
from billingportal.errors import Refusal
from billingportal.models import ProcessorAccount
from billingportal.stripe_gateway.errors import StripeProblem, StripeUnreachable, TooManyRequests
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.web.auth.client_session import current_client
from billingportal.web.common import htmx
from billingportal.web.common.security import may_redirect_form_to
from billingportal.web.common.stripe_access import CLOSED_TO_CLIENTS, stripe_of

AWAY = "Stripe does not answer right now. What you see is what we knew last. Try again in a moment."
DECLINED = "{reason} Nothing was charged. Use another card, or ask your bank."
TOKEN_LENGTH = 40
WORDS = {
    "paid": "Paid. Everything works again.",
    "on_its_way": "The payment is on its way. It may take a few days to arrive.",
    "paid_already": "This was paid already. Nothing was charged.",
}


def token_of(form: Mapping[str, str]) -> str:
    """What identifies one rendering of a button."""
    return form.get("token", "")[:TOKEN_LENGTH]


def show_outcome(done: Payment) -> ResponseReturnValue:
    """Lead to Stripe's page where the bank wants a confirmation, else to the billing page with the outcome."""
    if done.outcome == "confirm" and done.page_url:
        return onward(done.page_url, "Your bank asks you to confirm the payment")
    flash(WORDS.get(done.outcome, "The payment is not finished yet."))
    return htmx.redirect(url_for("billing.show"))


def onward(address: str, words: str) -> ResponseReturnValue:
    """Redirect to a page of Stripe's, or show a link to it where browsers would not follow a form."""
    if may_redirect_form_to(address):
        return htmx.redirect(address)
    return render_template("client_portal/onward.html", address=address, words=words)


def stripe_problem_text(problem: StripeProblem) -> str:
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
