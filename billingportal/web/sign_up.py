"""Where the buttons of the pricing page lead. Signing up is not open yet; the choice is shown and kept."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain.pricing_page import pricing_page
from billingportal.web.asked import asked, choice_values, mode_of, with_choice
from billingportal.web.pricing import for_everybody, price_line

blueprint = Blueprint("sign_up", __name__, url_prefix="/portal/sign-up")


@blueprint.get("")
def new() -> ResponseReturnValue:
    choice, mode = asked(request.args), mode_of(request.args)
    page = pricing_page(db.session(), choice, mode)
    card = page.card(choice.plan_id)
    payment = None
    if card is not None and card.payments and page.period is not None:
        payment = card.payments[page.periods.index(page.period)]
    back = choice_values(card, payment, mode) if card is not None else {}
    text = render_template(
        "pricing/sign_up.html",
        page=page,
        card=card,
        payment=payment,
        back=with_choice(url_for("pricing.show"), back),
        price_line=price_line,
    )
    return for_everybody(text)
