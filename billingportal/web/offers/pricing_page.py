"""The public pricing page. It reads and sets no cookie, so everybody gets the same response for the same URL."""

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain.offers.offers import Period
from billingportal.domain.offers.payment_options import Payment
from billingportal.domain.offers.pricing_page import Card, PricingPage, pricing_page, slug
from billingportal.domain.prices.price_text import period_words
from billingportal.models.connection.processor_account import Mode
from billingportal.web.common.brand import Brand, current_brand
from billingportal.web.common.embedding import own_address, page_address
from billingportal.web.common.security import allow_frames
from billingportal.web.offers.query import asked, choice_values, is_returning, mode_of, with_choice

blueprint = Blueprint("pricing", __name__, url_prefix="/portal/pricing")
USUAL_HEADLINE = "Plans and prices"
NAMES: dict[Period, str] = {("day", 1): "Daily", ("week", 1): "Weekly", ("month", 1): "Monthly", ("year", 1): "Yearly"}
SHARED_PLANS = 4


@blueprint.get("")
def show() -> ResponseReturnValue:
    brand = current_brand()
    mode = mode_of(request.args)
    choice = asked(request.args)
    page = pricing_page(db.session(), choice, mode)
    text = render_template("offers/show.html", **facts(page, brand, mode), chosen=page.card(choice.plan_id))
    allow_frames(brand.embedding_origins)
    return for_everybody(text)


def facts(page: PricingPage, brand: Brand, mode: Mode | None) -> dict[str, object]:
    return {
        "page": page,
        "page_address": page_address(),
        "headline": brand.headline or USUAL_HEADLINE,
        "summary": summary(page),
        "share_picture": own_address(brand.logos[0][0]) if brand.logos else None,
        "asked_mode": mode,
        "is_returning": is_returning(request.args),
        "is_embedded": request.args.get("embed") == "1",
        "slug": slug,
        "period_name": period_name,
        "saving_words": saving_words(page),
        "sign_up_address": lambda card, payment: sign_up_address(card, payment, mode),
    }


def sign_up_address(card: Card, payment: Payment | None, mode: Mode | None) -> str:
    return with_choice(url_for("sign_up.new"), choice_values(card, payment, mode))


def period_name(period: Period) -> str:
    return NAMES.get(period) or period_words(*period).capitalize()


def saving_words(page: PricingPage) -> dict[Period, str]:
    """The saving shown beside each period: "Save 17%", or "Save up to 20%" where plans differ."""
    found = {period: page.savings(period) for period in page.periods}
    return {
        period: f"Save {'up to ' if min(savings) < max(savings) else ''}{max(savings)}%"
        for period, savings in found.items()
        if any(savings)
    }


def summary(page: PricingPage) -> str:
    """One line for search engines and share cards."""
    return " · ".join(f"{card.plan.name}: {price_line(card)}" for card in page.cards[:SHARED_PLANS])


def price_line(card: Card, payment: Payment | None = None) -> str:
    """A plan's price in a few words, by the shortest period unless another payment is given."""
    payment = payment or next(iter(card.payments), None)
    if payment is None:
        return "on request" if card.is_on_request else "free"
    if payment.is_by_use_only:
        return f"{payment.usages[0].amount} {payment.usages[0].basis}"
    return f"{payment.due} {payment.period_words}"


def for_everybody(text: str) -> Response:
    """Browsers and shared caches store it but revalidate it: a changed price shows at once, the rest is a 304."""
    response = Response(text, mimetype="text/html")
    response.cache_control.public = True
    response.cache_control.no_cache = True
    response.add_etag(weak=True)
    response.make_conditional(request)
    return response
