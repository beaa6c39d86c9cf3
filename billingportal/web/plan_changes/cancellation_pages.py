"""Pages to cancel a subscription, to resume a cancelled one, and to end its trial early."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.plan_changes import cancellation_reasons, cancellations
from billingportal.domain.plan_changes import trials as plan_change_trials
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.plan_changes.previews import Charge
from billingportal.errors import Conflict, Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import refusal_text
from billingportal.web.plan_changes.confirmation import number_of
from billingportal.web.plan_changes.viewer import Viewer, client_of, gateway_of

AT_ONCE = "now"
ENDED = "The subscription has ended."
CANCELLED = "The subscription is cancelled. It can be resumed until its end."


def new(viewer: Viewer) -> ResponseReturnValue:
    """Ask when and why to cancel. For a cancelled subscription, offer to resume it."""
    return page(viewer)


def page(viewer: Viewer, problem: str = "") -> str:
    present = present_plan(db.session(), client_of(viewer))
    return render_template(
        "plan_changes/cancellations/new.html",
        viewer=viewer,
        present=present,
        reasons=cancellation_reasons.REASONS,
        typed=request.form,
        bill=last_bill(viewer, present),
        problem=problem,
    )


def last_bill(viewer: Viewer, present: PresentPlan | None) -> Charge | None:
    """The charge for usage so far if cancelled now. None without usage prices or without an answer of Stripe's."""
    has_usage = present is not None and any(item.quantity is None for item in present.items)
    if not has_usage or (present and present.ends_at is not None):
        return None
    try:
        return cancellations.last_bill(transaction, gateway_of(viewer), viewer.client_id)
    except (StripeProblem, Refusal):
        return None


def create(viewer: Viewer) -> ResponseReturnValue:
    """Cancel now, or at the end of the paid period."""
    at_once = request.form.get("when") == AT_ONCE
    try:
        wanted = Cancelling(
            viewer.client_id,
            at_once,
            reason=request.form.get("reason", ""),
            comment=request.form.get("comment", ""),
            is_prorated=viewer.is_staff and "credit" in request.form,
            base_plan_id=number_of(request.form["plan"]) if "plan" in request.form else None,
            staff_id=viewer.staff_id,
        )
        cancellations.cancel(transaction, gateway_of(viewer), wanted)
    except (Refusal, Conflict) as refusal:
        return page(viewer, str(refusal)), 422
    except StripeProblem as problem:
        return page(viewer, refusal_text(problem)), 503
    flash(
        "The subscription has ended." if at_once else "The subscription is cancelled. It can be resumed until its end."
    )
    return htmx.redirect(viewer.home)


def destroy(viewer: Viewer) -> ResponseReturnValue:
    """Resume the cancelled subscription."""
    try:
        cancellations.resume(transaction, gateway_of(viewer), viewer.client_id, staff_id=viewer.staff_id)
    except (Refusal, Conflict) as refusal:
        return page(viewer, str(refusal)), 422
    except StripeProblem as problem:
        return page(viewer, refusal_text(problem)), 503
    flash("The subscription goes on. It renews as before.")
    return htmx.redirect(viewer.home)


def start(viewer: Viewer) -> ResponseReturnValue:
    """End the trial now and start the paid plan."""
    try:
        plan_change_trials.start_now(transaction, gateway_of(viewer), viewer.client_id, staff_id=viewer.staff_id)
    except (Refusal, Conflict) as refusal:
        return page(viewer, str(refusal)), 422
    except StripeProblem as problem:
        return page(viewer, refusal_text(problem)), 503
    flash("The trial is over, the plan has started.")
    return htmx.redirect(viewer.home)
