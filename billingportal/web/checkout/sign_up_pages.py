"""The sign-up form and what every kind of sign-up answers."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import DataRequired, ValidationError

from billingportal.domain.auth.sign_in import Throttled
from billingportal.domain.checkout.checkouts import AlreadySubscribed
from billingportal.errors import Conflict, Refusal
from billingportal.models import Client
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth import client_session
from billingportal.web.auth.billing_links import LinkRequestForm
from billingportal.web.common import htmx
from billingportal.web.common.brand import current_brand
from billingportal.web.common.forms import PortalForm, trimmed
from billingportal.web.offers.order import Order
from billingportal.web.offers.query import with_choice

# Identifies this browser during sign-up, so that its tabs and double clicks are one sign-up.
VISITOR = "visitor"
AWAY = "Stripe does not answer right now, so nothing was ordered. Try again in a moment."


@dataclass(frozen=True)
class Confirmed:
    """A sign-up whose address is confirmed. `path` is where its form goes."""

    name: str
    email: str
    path: str


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


def answered(
    act: Callable[[], ResponseReturnValue], page_again: Callable[[], str], form: SignUpForm, order: Order
) -> ResponseReturnValue:
    """Run one step of a sign-up. If it is refused, show the page of the order again, with the reason."""
    try:
        refuse_changes(order)
        return act()
    except AlreadySubscribed:
        return htmx.redirect(with_choice("/portal/billing/plan", order.values))
    except Refusal as refusal:
        form.refuse(refusal)
    except Conflict as conflict:
        form.refuse(Refusal("", str(conflict)))
    except StripeProblem:
        form.refuse(Refusal("", AWAY))
    except Throttled as throttled:
        return refused_for_now(page_again, form, throttled)
    return page_again(), 422


def client_here(order: Order) -> Client | None:
    """The signed-in client, if its mode is that of the order."""
    client = client_session.find_client()
    return client if client is not None and client.mode == order.page.mode else None


def refuse_changes(order: Order) -> None:
    """Refuse an order that differs from the one shown on the page. Raises Refusal."""
    if any(request.form.get(name, value) != value for name, value in order.values.items()):
        raise Refusal("", "What is for sale has changed since you opened this page. Look at your order again.")


def visitor() -> str:
    if VISITOR not in session:
        session[VISITOR] = secrets.token_urlsafe(24)
    return str(session[VISITOR])


def page(form: SignUpForm, order: Order, confirmed: Confirmed | None = None) -> str:
    """The form with the order. A signed-in client, or one whose address is confirmed, sees a button only."""
    return render_template(
        "checkout/sign_up/new.html",
        form=form,
        order=order,
        mode=order.page.mode,
        buyer=confirmed or client_here(order),
        action=confirmed.path if confirmed else url_for("sign_up.create"),
        back=with_choice(url_for("pricing.show"), order.values),
    )


def refused_for_now(page_again: Callable[[], str], form: SignUpForm, throttled: Throttled) -> Response:
    form.refuse(Refusal("", f"Too many sign-ups from here. Try again in {throttled.minutes_left} minutes."))
    return Response(page_again(), status=429, headers={"Retry-After": str(throttled.seconds_left)})


def known_page(email: str, *, pays_at_stripe: bool) -> str:
    """The page for an address that has an account, or that pays at Stripe and waits for one."""
    form = LinkRequestForm(data={"email": email})
    return render_template("checkout/sign_up/known.html", form=form, email=email, pays_at_stripe=pays_at_stripe)
