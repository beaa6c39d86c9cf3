"""Where clients pay: opens Stripe's checkout for them and leads there."""

from dataclasses import dataclass

from flask import url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.checkout import checkouts
from billingportal.domain.checkout.requests import TOKEN
from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers.selection import Selection
from billingportal.errors import Refusal
from billingportal.models import Checkout
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.security import may_redirect_form_to

# Stripe puts the session's id in its place, if the braces come as they are.
SESSION = "{CHECKOUT_SESSION_ID}"


@dataclass(frozen=True)
class Till:
    """The account in which a mode sells, and the way to it."""

    account_id: int
    gateway: StripeGateway


def till(mode: Mode) -> Till:
    """Raises Refusal while nothing can be sold in this mode."""
    portal = current_portal()
    account = processor_accounts.connected(db.session(), mode)
    if account is None:
        raise Refusal("", "Nothing can be bought here now. Write to us.")
    try:
        return Till(account.id, processor_accounts.gateway_of(account, portal.vault, portal.open_gateway))
    except CannotOpen:
        raise Refusal("", "Nothing can be bought here now. Write to us.") from None


def till_if_any(mode: Mode) -> Till | None:
    """The till, where something can be sold."""
    try:
        return till(mode)
    except Refusal:
        return None


def success_address() -> str:
    """Where Stripe leads after a payment, with places for our token and its session."""
    path = url_for("checkouts.show", token="token").removesuffix("token")  # noqa: S106 a placeholder
    return own_address(f"{path}{TOKEN}?session_id={SESSION}")


def open_checkout(
    client_id: int, mode: Mode, plan_id: int, selection: Selection, *, back: str, visitor: str = ""
) -> Checkout:
    """The client's one open checkout. `back` is the path to which Stripe leads whoever changes their mind.

    Raises AlreadySubscribed, Refusal, Conflict and StripeProblem.
    """
    found = till(mode)
    return checkouts.start(
        transaction,
        found.gateway,
        found.account_id,
        client_id,
        plan_id,
        selection,
        success_url=success_address(),
        cancel_url=own_address(back),
        visitor=visitor,
    )


def go_and_pay(checkout: Checkout) -> ResponseReturnValue:
    """Lead to Stripe's page. Where browsers would not follow a form, to a page of ours with a link to it."""
    if checkout.url is not None and may_redirect_form_to(checkout.url):
        return htmx.redirect(checkout.url)
    return htmx.redirect(url_for("checkouts.show", token=checkout.token))
