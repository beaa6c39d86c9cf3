"""A client resumes a plan that paused when its trial ended: what it charges, and the button that does it."""

import secrets

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.client_portal import resumptions
from billingportal.domain.plan_changes.quotes import ImmediateCharge
from billingportal.errors import Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.client_portal.outcomes import DECLINED, gateway, show_outcome, stripe_problem_text, token_of
from billingportal.web.common.shown_amounts import shown_amount

blueprint = Blueprint("own_resumption", __name__, url_prefix="/portal/billing/resumption")


@blueprint.get("")
@require_client
def new() -> ResponseReturnValue:
    return page()


def page(problem: str = "", status: int = 200) -> ResponseReturnValue:
    """What resuming now charges, by Stripe."""
    charge: ImmediateCharge | None = None
    try:
        charge = resumptions.resumption_charge(transaction, gateway(), current_client().id)
    except Refusal as refusal:
        problem, status = problem or refusal.message, 422
    except StripeProblem as trouble:
        problem, status = problem or stripe_problem_text(trouble), 503
    shown = render_template(
        "client_portal/resume.html",
        quote=charge,
        problem=problem,
        token=secrets.token_urlsafe(16),
        action=url_for("own_resumption.create"),
        home=url_for("billing.show"),
    )
    return shown, status


@blueprint.post("")
@require_client
def create() -> ResponseReturnValue:
    """Resume the plan, for the amount that was shown."""
    shown = shown_amount(request.form)
    try:
        done = resumptions.resume(transaction, gateway(), current_client().id, shown, token_of(request.form))
    except StripeProblem as problem:
        return page(stripe_problem_text(problem), 503)
    except Refusal as refusal:
        return page(refusal.message, 422)
    if done.outcome == "declined":
        return page(DECLINED.format(reason=done.words).strip(), 422)
    return show_outcome(done)
