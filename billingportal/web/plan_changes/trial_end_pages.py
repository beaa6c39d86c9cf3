"""Pages to end a trial early: what it charges, and the button that does it."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.plan_changes import trials as plan_change_trials
from billingportal.domain.plan_changes.quotes import ImmediateCharge
from billingportal.errors import Conflict, Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.common import htmx
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import refusal_text
from billingportal.web.plan_changes.viewer import Viewer, gateway_of


def new(viewer: Viewer, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """What starting now charges, by Stripe."""
    charge: ImmediateCharge | None = None
    try:
        charge = plan_change_trials.trial_end_charge(transaction, gateway_of(viewer), viewer.client_id)
    except (Refusal, Conflict) as refusal:
        problem, status = problem or str(refusal), 422
    except StripeProblem as trouble:
        problem, status = problem or refusal_text(trouble), 503
    return render_template("plan_changes/trial_end.html", viewer=viewer, quote=charge, problem=problem), status


def create(viewer: Viewer) -> ResponseReturnValue:
    """End the trial now and start the paid plan, for the amount that was shown."""
    shown = shown_amount(request.form)
    try:
        plan_change_trials.start_now(transaction, gateway_of(viewer), viewer.client_id, shown, staff_id=viewer.staff_id)
    except (Refusal, Conflict) as refusal:
        return new(viewer, str(refusal), 422)
    except StripeProblem as problem:
        return new(viewer, refusal_text(problem), 503)
    flash("The trial is over, the plan has started.")
    return htmx.redirect(viewer.home)
