"""Create a price in Stripe without leaving the portal, for a plan or on its own."""

from flask import Blueprint, Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.plans import quick_link
from billingportal.domain.plans.price_links import Link
from billingportal.domain.prices import creation as price_creation
from billingportal.domain.prices import search as price_search
from billingportal.domain.prices.creation import Creating
from billingportal.domain.prices.drafts import read_draft
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import stripe_for
from billingportal.web.prices.form import PriceForm, choices, first_form

blueprint = Blueprint("price_creations", __name__, url_prefix="/saas/prices")


@blueprint.get("/new")
@require_role("owner", "admin")
def new() -> str:
    """The empty form. `into` names the input that gets the new price's id; the other arguments fill the form."""
    account = connected(db.session(), g.mode)
    return shown(first_form(account.currency if account else None))


@blueprint.post("/tiers")
@require_role("owner", "admin")
def update_tiers() -> str:
    """The form with one tier more or less. Typed values stay."""
    form = PriceForm.of_request()
    row = request.form.get("row", "")
    place = whole_number(row)
    if row == "add":
        form.add_tier()
    elif place is not None:
        form.remove_tier(place)
    return shown(form)


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Create the price. Submitting the same form twice creates one price."""
    form = PriceForm.of_request()
    try:
        draft = read_draft(form.answers())
        stripe = stripe_for(g.mode)
        creating = Creating(transaction, stripe.gateway, stripe.account_id, form.keep_token(), current_staff().id)
        price_id = price_creation.create_price(creating, draft)
    except FormErrors as mistakes:
        form.refuse_all(mistakes)
        return shown(form), 422
    except Refusal as refusal:
        form.refuse(Refusal("", refusal.message))
        return shown(form), 422
    return created(form, stripe.account_id, price_id)


def created(form: PriceForm, account_id: int, price_id: str) -> ResponseReturnValue:
    """Put the new price into the requesting field, link it to the requesting plan, or list it."""
    words = f"Created {price_id} in Stripe."
    if htmx.is_partial(request) and form.into.data:
        answer = Response(render_template("prices/_created.html", words=words, into=form.into.data))
        return htmx.announce(answer, "price-chosen", {"into": str(form.into.data), "price": price_id})
    plan_id = form.number("plan")
    if plan_id is None:
        flash(words)
        return htmx.redirect(url_for("prices.index", q=price_id))
    flash(f"{words} {link_words(plan_id, account_id, form.link(price_id))}")
    return htmx.redirect(url_for("plans.edit", plan_id=plan_id))


def link_words(plan_id: int, account_id: int, link: Link) -> str:
    """Link the price to the plan. Returns the result or the refusal in words."""
    try:
        with transaction() as session:
            plan = quick_link.link(session, plan_id, account_id, link, staff_id=current_staff().id)
            return f"It is linked to {plan.name}."
    except Refusal as refusal:
        return f"It could not be linked: {refusal.message}"


def shown(form: PriceForm) -> str:
    """The form alone for htmx, else a page around it."""
    form.keep_token()
    account = connected(db.session(), g.mode)
    known = price_search.choices(db.session(), account.id) if account else price_search.Choices([], [])
    template = "prices/_form.html" if htmx.is_partial(request) else "prices/new.html"
    return render_template(template, form=form, account=account, choices=choices(known.products, known.meters))
