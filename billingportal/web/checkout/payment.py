"""Opens a Stripe Checkout session and redirects the client to it."""

from flask import url_for
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.checkout import checkouts
from billingportal.domain.checkout.requests import RETURN_PATH, Wanted
from billingportal.domain.offers.selection import Selection
from billingportal.models import Checkout
from billingportal.models.connection.processor_account import Mode
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.security import may_redirect_form_to
from billingportal.web.common.stripe_access import stripe_for


def success_address() -> str:
    """The URL of the return page, with placeholders for our token and Stripe's session id."""
    return own_address(RETURN_PATH)


def open_checkout(
    client_id: int, mode: Mode, plan_id: int, selection: Selection, *, back: str, visitor: str = ""
) -> Checkout:
    """The client's one open checkout. `back` is the path to which Stripe redirects a client who cancels.

    Raises AlreadySubscribed, Refusal, Conflict and StripeProblem.
    """
    stripe = stripe_for(mode, for_client=True)
    wanted = Wanted(stripe.account_id, client_id, plan_id, selection, success_address(), own_address(back), visitor)
    return checkouts.start_checkout(transaction, stripe.gateway, wanted)


def go_and_pay(checkout: Checkout) -> ResponseReturnValue:
    """Redirect to Stripe. If browsers would not follow a form there, redirect to our own page with a link to it."""
    if checkout.url is not None and may_redirect_form_to(checkout.url):
        return htmx.redirect(checkout.url)
    return htmx.redirect(url_for("checkouts.show", token=checkout.token))
