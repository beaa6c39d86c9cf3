"""Signing up from the pricing page: a free plan is active at once, a paid one leads to Stripe's checkout."""

import secrets

from flask import Blueprint, Response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import DataRequired, ValidationError

from billingportal.db import db, transaction
from billingportal.domain.auth.sign_in import Throttled
from billingportal.domain.checkout import sign_ups
from billingportal.domain.checkout.checkouts import AlreadySubscribed
from billingportal.domain.checkout.sign_ups import Applicant
from billingportal.domain.clients import clients
from billingportal.errors import Conflict, Refusal
from billingportal.models import Client, Entitlement
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth import client_session
from billingportal.web.auth.billing_links import LinkRequestForm
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.auth.session import find_staff
from billingportal.web.checkout.payment import go_and_pay, open_checkout, success_address
from billingportal.web.common import htmx
from billingportal.web.common.brand import current_brand
from billingportal.web.common.embedding import own_address
from billingportal.web.common.forms import PortalForm, trimmed
from billingportal.web.common.stripe_access import stripe_for, stripe_if_any
from billingportal.web.offers.order import Order, order_of
from billingportal.web.offers.query import asked, mode_of, with_choice

blueprint = Blueprint("sign_up", __name__, url_prefix="/portal/sign-up")
# Identifies this browser during sign-up, so that its tabs and double clicks are one sign-up.
VISITOR = "visitor"
AWAY = "Stripe does not answer right now, so nothing was ordered. Try again in a moment."


class SignUpForm(PortalForm):
    name = StringField(
        "Business name",
        [DataRequired("Enter the name of your business.")],
        filters=[trimmed],
        description="As it stands on your invoices.",
    )
    email = EmailField(
        "Email",
        [DataRequired("Enter your email address.")],
        filters=[trimmed],
        description="Invoices and letters about payments go there.",
    )
    workspace_name = StringField(
        "First workspace",
        [DataRequired("Give your first workspace a name.")],
        filters=[trimmed],
        description="Where your team works. You can rename it later.",
    )
    terms = BooleanField("I accept the terms")

    def validate_terms(self, field: BooleanField) -> None:
        if current_brand().terms_url and not field.data:
            raise ValidationError("Accept the terms to go on.")


@blueprint.get("")
def new() -> str:
    """The form with the chosen order. A signed-in client only confirms."""
    visitor()
    return page(SignUpForm(), asked_order())


@blueprint.post("")
def create() -> ResponseReturnValue:
    form, order = SignUpForm.of_request(), asked_order()
    client = client_here(order)
    try:
        refuse_changes(order)
        return bought_by(client, order) if client is not None else signed_up(form, order)
    except AlreadySubscribed:
        return htmx.redirect(with_choice("/portal/billing/plan", order.values))
    except Refusal as refusal:
        form.refuse(refusal)
    except Conflict as conflict:
        form.refuse(Refusal("", str(conflict)))
    except StripeProblem:
        form.refuse(Refusal("", AWAY))
    except Throttled as throttled:
        return refused_for_now(form, order, throttled)
    return page(form, asked_order()), 422


def client_here(order: Order) -> Client | None:
    """The signed-in client, if its mode is that of the order."""
    client = client_session.find_client()
    return client if client is not None and client.mode == order.page.mode else None


def refuse_changes(order: Order) -> None:
    """Refuse an order that differs from the one shown on the page. Raises Refusal."""
    if any(request.form.get(name, value) != value for name, value in order.values.items()):
        raise Refusal("", "What is for sale has changed since you opened this page. Look at your order again.")


def asked_order() -> Order:
    """The order of the request. Only staff may choose another mode than the one in which the portal sells."""
    given = request.form if request.method == "POST" else request.args
    return order_of(asked(given), mode_of(given) if find_staff() else None)


def visitor() -> str:
    if VISITOR not in session:
        session[VISITOR] = secrets.token_urlsafe(24)
    return str(session[VISITOR])


def page(form: SignUpForm, order: Order) -> str:
    return render_template(
        "checkout/sign_up/new.html",
        form=form,
        order=order,
        mode=order.page.mode,
        here=client_here(order),
        back=with_choice(url_for("pricing.show"), order.values),
    )


def signed_up(form: SignUpForm, order: Order) -> ResponseReturnValue:
    """Sign up a new client. Raises Refusal, Conflict, Throttled and StripeProblem."""
    if not form.is_valid():
        return page(form, order), 422
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
    done = sign_ups.sign_up(transaction, stripe.gateway if stripe else None, applicant(form), wish)
    if done.client_id is None:
        return known_page(form.email.data or "", pays_at_stripe=done.pays_at_stripe), 422
    if selection is None:
        with transaction() as writing:
            client_session.sign_in(writing, clients.lock_client(writing, done.client_id))
        return htmx.redirect(url_for("sign_up.done"))
    return go_and_pay(open_checkout(done.client_id, wish.mode, wish.plan_id, selection, back=back, visitor=visitor()))


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


def refused_for_now(form: SignUpForm, order: Order, throttled: Throttled) -> ResponseReturnValue:
    form.refuse(Refusal("", f"Too many sign-ups from here. Try again in {throttled.minutes_left} minutes."))
    return Response(page(form, order), status=429, headers={"Retry-After": str(throttled.seconds_left)})


def known_page(email: str, *, pays_at_stripe: bool) -> str:
    """The page for an address that has an account, or that pays at Stripe and waits for one."""
    form = LinkRequestForm(data={"email": email})
    return render_template("checkout/sign_up/known.html", form=form, email=email, pays_at_stripe=pays_at_stripe)


@blueprint.get("/done")
@require_client
def done() -> ResponseReturnValue:
    client = current_client()
    held = db.session().scalar(select(Entitlement).where(Entitlement.client_id == client.id))
    return render_template("checkout/sign_up/done.html", client=client, held=held)
