"""The account's prices at Stripe: look up a typed Price ID, or pick from a list."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.prices import lookup as price_lookup
from billingportal.domain.prices import search as price_search
from billingportal.domain.prices.references import FIELD
from billingportal.errors import Refusal
from billingportal.limits import search_words, whole_number
from billingportal.models import Price, Resource
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import stripe_for
from billingportal.web.prices.card import price_card

blueprint = Blueprint("prices", __name__, url_prefix="/saas/prices")


@blueprint.get("")
def index() -> str:
    """The prices that a plan can use. `into` names the input that takes the chosen one's id."""
    words = search_words(request.args.get("q", ""))
    account = connected(db.session(), g.mode)
    found = price_search.search_prices(db.session(), account.id, words) if account else []
    template = "prices/index.html"
    if htmx.is_partial(request):
        template = "prices/_list.html" if "q" in request.args else "prices/_picker.html"
    return render_template(
        template,
        account=account,
        words=words,
        into=request.args.get("into", "")[:100],
        cards=[price_card(db.session(), summary.price) for summary in found],
        most=price_search.MOST_FOUND,
    )


@blueprint.get("/resolve")
def resolve() -> ResponseReturnValue:
    """The price for `text`, as a card or a note. `currency` (repeatable) are those of the plan's other prices,
    `units` names the counted unit, or `use` gives it as in the plan form: `quantity:` and a resource's id."""
    text = request.args.get("text", "")
    if not text.strip():
        return render_template("prices/_resolved.html")
    units = request.args.get("units", "").strip()[:40] or unit_of(request.args.get("use", ""))
    try:
        price = find(text, request.args.getlist("currency"))
    except Refusal as refusal:
        return render_template("prices/_resolved.html", refusal=refusal.message)
    return render_template("prices/_resolved.html", card=price_card(db.session(), price, units))


def unit_of(use: str) -> str | None:
    """The unit of the resource in `use`, if it names one."""
    _, _, number = use.partition(":")
    resource = db.session.get(Resource, whole_number(number) or 0)
    return resource.unit if resource else None


def find(text: str, plan_currencies: list[str]) -> Price:
    """The typed price, in the mode shown. Raises Refusal."""
    stripe = stripe_for(g.mode, field=FIELD)
    known = [name.lower() for name in plan_currencies if name]
    return price_lookup.resolve_price(
        db.session(), transaction, stripe.gateway, stripe.account, text, plan_currencies=known
    )
