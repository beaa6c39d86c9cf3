"""Go live: the checklist, the pairs of test and live prices, and the dry run."""

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.client_portal import stripe_portal
from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.checklist.checklist import checklist
from billingportal.domain.go_live.first_week import first_week
from billingportal.domain.go_live.pairs import choices
from billingportal.domain.go_live.pairs.choices import NEW, Answer
from billingportal.domain.go_live.pairs.pairs import all_pairs, price_text
from billingportal.domain.go_live.promotion.twins import undecided_products
from billingportal.domain.go_live.promotion.work import running
from billingportal.domain.go_live.switch import current_switch
from billingportal.domain.offers.selling_mode import selling_mode
from billingportal.errors import Refusal
from billingportal.models import Staff
from billingportal.models.connection.processor_account import MODES
from billingportal.models.go_live.twin_choice import TwinType
from billingportal.portal import current_portal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import refusal_text, stripe_for
from billingportal.web.common.urls import in_dashboard
from billingportal.web.go_live import pages
from billingportal.web.go_live.dry_run import drafted
from billingportal.web.go_live.words import FIRST_WEEK, card_is_due, sections

blueprint = Blueprint("go_live", __name__, url_prefix="/saas/go-live")
CHOICES: dict[str, TwinType] = {"price.": "price", "product.": "product"}


@blueprint.get("")
def index() -> ResponseReturnValue:
    session = db.session()
    found = checklist(session, current_portal().settings)
    switch, mode = current_switch(session), selling_mode(session)
    since = switch.switched_at if switch and mode == "live" else None
    return render_template(
        "go_live/index.html",
        list=found,
        is_connected=all(processor_accounts.connected(session, one) for one in MODES),
        next_key=next((item.definition.key for item in found.of("todo")), None),
        sections=sections(found),
        mode=mode,
        since=since,
        switched_by=session.get(Staff, switch.staff_id) if since and switch and switch.staff_id else None,
        week=first_week(session, since) if since and card_is_due(since, now()) else [],
        week_words=FIRST_WEEK,
        mend_address=pages.address_of,
        posted=pages.POSTED,
    )


@blueprint.get("/prices")
def prices() -> ResponseReturnValue:
    """Each test price beside its live twin."""
    pairs = all_pairs(db.session())
    promotion = running(db.session(), pairs.catalog.live_account_id) if pairs else None
    return render_template(
        "go_live/prices.html",
        pairs=pairs,
        namesakes=undecided_products(pairs) if pairs else [],
        promotion=promotion,
        new=NEW,
        price_text=price_text,
        in_dashboard=in_dashboard,
    )


@blueprint.post("/prices")
@require_role("owner", "admin")
def choose() -> ResponseReturnValue:
    """Store the chosen twins of the form."""
    staff_id = current_staff().id
    answers = [
        Answer(kind, name.removeprefix(prefix), value)
        for name, value in request.form.items()
        for prefix, kind in CHOICES.items()
        if name.startswith(prefix) and value
    ]
    try:
        with transaction() as session:
            for answer in answers:
                choices.choose_twin(session, answer, staff_id=staff_id)
    except Refusal as refusal:
        flash(refusal.message)
        return htmx.redirect(url_for("go_live.prices"))
    return htmx.redirect(url_for("go_live.dry_run" if request.form.get("go") == "dry-run" else "go_live.prices"))


@blueprint.get("/dry-run")
@require_role("owner", "admin")
def dry_run() -> ResponseReturnValue:
    """Exactly what would be created in live mode."""
    try:
        draft = drafted()
    except (Refusal, StripeProblem) as problem:
        flash(problem.message if isinstance(problem, Refusal) else refusal_text(problem))
        return htmx.redirect(url_for("go_live.prices"))
    return render_template("go_live/dry_run.html", draft=draft)


@blueprint.post("/customer-portal")
@require_role("owner", "admin")
def set_up_customer_portal() -> ResponseReturnValue:
    """Create our configuration of Stripe's customer portal in live mode."""
    try:
        access = stripe_for("live")
        stripe_portal.configuration_for(transaction, access.gateway, access.account_id)
    except (Refusal, StripeProblem) as problem:
        flash(problem.message if isinstance(problem, Refusal) else refusal_text(problem))
    return htmx.redirect(url_for("go_live.index"))
