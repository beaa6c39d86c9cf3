"""The return page of Stripe Checkout: shows the stored state at once, and polls until the purchase is complete."""

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.checkout import sessions as checkout_sessions
from billingportal.domain.checkout.progress import Stage, checkout_stage
from billingportal.domain.checkout.requests import PATH
from billingportal.domain.clients import clients
from billingportal.domain.offers.pricing_page import Asked, slug
from billingportal.domain.offers.selection import Selection
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import Checkout, Client, ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.requests.checkouts import NewCheckout
from billingportal.web.auth import client_session
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import stripe_of
from billingportal.web.offers.order import Order, order_of
from billingportal.web.offers.query import RETURNING, with_choice

blueprint = Blueprint("checkouts", __name__, url_prefix=PATH)
# How long after a payment its return URL signs a browser in.
SIGNS_IN_FOR = timedelta(hours=1)
# Stripe is asked on the first poll and on every third after it, in case its webhooks do not arrive.
ASK_EVERY = 3
QUICK_LOOKS = 30
QUICK, SLOW = "2s", "15s"


@blueprint.get("/<secret:token>")
def show(token: str) -> ResponseReturnValue:
    """The state of the purchase. Stripe returns the client with the id of its session; any other id is a 404."""
    checkout = db.session().scalar(select(Checkout).where(Checkout.token == token))
    session_id = request.args.get("session_id")
    if checkout is None or (session_id and session_id != checkout.stripe_checkout_session_id):
        abort(404)
    looks = looked()
    now_at = checkout_stage(db.session(), checkout)
    if now_at.is_moving and looks % ASK_EVERY == 0:
        now_at = asked_at_stripe(checkout)
    if session_id and now_at.is_bought:
        sign_in(checkout)
    template = "checkout/_stage.html" if htmx.is_partial(request) else "checkout/show.html"
    return render_template(template, **facts(checkout, now_at, looks))


def looked() -> int:
    """How often this page has polled already."""
    return whole_number(request.args.get("looks", "")) or 0


def asked_at_stripe(checkout: Checkout) -> Stage:
    """Fetch from Stripe, in case its webhooks have not arrived. Without an answer, the stored state is shown."""
    account = db.session().get_one(ProcessorAccount, checkout.processor_account_id)
    checkout_id = checkout.id
    try:
        checkout_sessions.look_again(transaction, stripe_of(account).gateway, checkout_id)
    except (Refusal, StripeProblem):
        db.session().rollback()
    return checkout_stage(db.session(), db.session().get_one(Checkout, checkout_id))


def sign_in(checkout: Checkout) -> None:
    """Sign the client in, soon after the payment, in the browser that Stripe redirected back."""
    client = db.session().get_one(Client, checkout.client_id)
    if is_here(checkout) or not signs_in(checkout, client):
        return
    checkout_id, client_id = checkout.id, client.id
    with transaction() as writing:
        client = clients.lock_client(writing, client_id)
        if signs_in(writing.get_one(Checkout, checkout_id), client):
            client_session.sign_in(writing, client)


def signs_in(checkout: Checkout, client: Client) -> bool:
    """Whether it was paid less than SIGNS_IN_FOR ago, and neither access was withdrawn nor the client signed out."""
    is_fresh = checkout.ended_at is not None and now() - checkout.ended_at < SIGNS_IN_FOR
    return is_fresh and client.archived_at is None and client.access_generation == checkout.access_generation


def is_here(checkout: Checkout) -> bool:
    """Whether the checkout's client has a session in this browser."""
    here = client_session.find_client()
    return here is not None and here.id == checkout.client_id


def facts(checkout: Checkout, now_at: Stage, looks: int) -> dict[str, object]:
    client = db.session().get_one(Client, checkout.client_id)
    selection = Selection.from_json(checkout.choice)
    order = order_as_sold(checkout, selection, client.mode)
    values = choice_values(checkout, selection) | ({} if order.trial_days else {RETURNING: "1"})
    session_id = request.args.get("session_id")
    return {
        "checkout": checkout,
        "stage": now_at,
        "mode": client.mode,
        "order": order,
        "next_look": url_for("checkouts.show", token=checkout.token, session_id=session_id, looks=looks + 1),
        "pause": QUICK if looks < QUICK_LOOKS else SLOW,
        "again": with_choice(url_for("sign_up.new"), values),
        "back": with_choice(url_for("pricing.show"), values),
        "is_signed_in": is_here(checkout),
    }


def order_as_sold(checkout: Checkout, selection: Selection, mode: Mode) -> Order:
    """The order with the trial that the checkout has, which is none for a returning client."""
    trial_days = NewCheckout.from_json(checkout.request).trial_days
    return replace(order_of(asked(checkout, selection), mode), trial_days=trial_days)


def choice_values(checkout: Checkout, selection: Selection) -> dict[str, str]:
    """The choice as URL parameters."""
    values = {"plan": str(checkout.plan_id), "interval": slug(selection.period), "currency": selection.currency}
    return values | {f"quantity.{key}": str(number) for key, number in selection.quantities.items()}


def asked(checkout: Checkout, selection: Selection) -> Asked:
    quantities = {key: str(number) for key, number in selection.quantities.items()}
    return Asked(slug(selection.period), selection.currency, checkout.plan_id, {checkout.plan_id: quantities})
