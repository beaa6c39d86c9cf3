"""Signing up from the pricing page: a free plan is active at once, a paid one leads to Stripe's checkout."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billingportal.db import db, transaction
from billingportal.domain.checkout import sign_up_requests, sign_ups, trial_history
from billingportal.domain.checkout.sign_ups import Applicant
from billingportal.domain.clients import clients
from billingportal.errors import Refusal
from billingportal.models import Client, Entitlement
from billingportal.portal import current_portal
from billingportal.web.auth import client_session
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.auth.session import find_staff
from billingportal.web.checkout.payment import go_and_pay, open_checkout, success_address
from billingportal.web.checkout.sign_up_pages import SignUpForm, answered, client_here, known_page, page, visitor
from billingportal.web.common import htmx
from billingportal.web.common.brand import current_brand
from billingportal.web.common.embedding import own_address
from billingportal.web.common.stripe_access import stripe_for, stripe_if_any
from billingportal.web.offers.order import Order, order_of
from billingportal.web.offers.query import asked, mode_of, with_choice

blueprint = Blueprint("sign_up", __name__, url_prefix="/portal/sign-up")


@blueprint.get("")
def new() -> str:
    """The form with the chosen order. A signed-in client only confirms."""
    visitor()
    return page(SignUpForm(), asked_order())


@blueprint.post("")
def create() -> ResponseReturnValue:
    form, order = SignUpForm.of_request(), asked_order()
    client = client_here(order)
    return answered(
        lambda: bought_by(client, order) if client is not None else signed_up(form, order),
        lambda: page(form, asked_order()),
        form,
        order,
    )


def asked_order() -> Order:
    """The order of the request. Only staff may choose another mode than the one in which the portal sells."""
    given = request.form if request.method == "POST" else request.args
    order = order_of(asked(given), mode_of(given) if find_staff() else None)
    here = client_here(order)
    if here is not None and order.trial_days and trial_history.has_had_subscription(db.session(), here):
        return order.without_trial()
    return order


def signed_up(form: SignUpForm, order: Order) -> ResponseReturnValue:
    """Sign up a new client. Raises Refusal, Conflict, Throttled and StripeProblem."""
    if not form.is_valid():
        return page(form, order), 422
    if sign_up_requests.is_confirming(db.session()):
        return confirmed_first(form, order)
    return sign_up_now(applicant(form), order)


def confirmed_first(form: SignUpForm, order: Order) -> ResponseReturnValue:
    """Send an email to the address. The answer is the same for every address. Raises Refusal and Throttled."""
    wish = order_to_keep(order)
    with transaction() as writing:
        settings = current_portal().settings
        sign_up_requests.request_sign_up(writing, settings, applicant(form), wish, order.values)
    return htmx.redirect(url_for("confirmed_sign_up.sent"))


def order_to_keep(order: Order) -> sign_ups.Order:
    return sign_ups.Order(order.page.mode, order.card.plan.id if order.card else 0, order.selection, account_id=None)


def sign_up_now(applicant: Applicant, order: Order) -> ResponseReturnValue:
    """Create the client and lead to Stripe or into the account. Raises Refusal, Conflict, Throttled, StripeProblem."""
    selection = order.selection
    mode = order.page.mode
    stripe = stripe_for(mode, for_client=True) if selection else stripe_if_any(mode)
    back = with_choice(url_for("pricing.show"), order.values)
    wish = sign_ups.Order(
        mode=mode,
        plan_id=order.card.plan.id if order.card else 0,
        selection=selection,
        account_id=stripe.account_id if stripe else None,
        success_url=success_address(),
        cancel_url=own_address(back),
    )
    done = sign_ups.sign_up(transaction, stripe.gateway if stripe else None, applicant, wish)
    if done.client_id is None:
        return known_page(applicant.email, pays_at_stripe=done.pays_at_stripe), 422
    if selection is None:
        with transaction() as writing:
            client_session.sign_in(writing, clients.lock_client(writing, done.client_id))
        return htmx.redirect(url_for("sign_up.done"))
    return go_and_pay(
        open_checkout(done.client_id, wish.mode, wish.plan_id, selection, back=back, visitor=applicant.visitor)
    )


def applicant(form: SignUpForm) -> Applicant:
    return Applicant(
        name=form.name.data or "",
        email=form.email.data or "",
        workspace_name=form.workspace_name.data or "",
        visitor=visitor(),
        address=request.remote_addr or "",
        accepted_terms=current_brand().terms_url,
    )


def bought_by(client: Client, order: Order) -> ResponseReturnValue:
    """A signed-in client buys a plan. Raises AlreadySubscribed, Refusal, Conflict and StripeProblem."""
    if order.card is None:
        raise Refusal("", "This plan is not for sale. Choose another one.")
    client_id, mode, plan_id = client.id, client.mode, order.card.plan.id
    if order.selection is None:
        with transaction() as writing:
            sign_ups.choose_free(writing, client_id, plan_id)
        return htmx.redirect(url_for("sign_up.done"))
    back = with_choice(url_for("pricing.show"), order.values)
    return go_and_pay(open_checkout(client_id, mode, plan_id, order.selection, back=back))


@blueprint.get("/done")
@require_client
def done() -> ResponseReturnValue:
    client = current_client()
    held = db.session().scalar(select(Entitlement).where(Entitlement.client_id == client.id))
    return render_template("checkout/sign_up/done.html", client=client, held=held)
