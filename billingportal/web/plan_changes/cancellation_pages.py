"""Pages to cancel a subscription, and to resume a cancelled one."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.metering.push import UseWaits
from billingportal.domain.plan_changes import cancellation_reasons, cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plan_changes.present_plan import present_plan
from billingportal.domain.plan_changes.quotes import ImmediateCharge
from billingportal.errors import Conflict, Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.common import htmx
from billingportal.web.common.shown_amounts import shown_amount
from billingportal.web.common.stripe_access import refusal_text
from billingportal.web.plan_changes.confirmation import leaves_use, number_of
from billingportal.web.plan_changes.viewer import Viewer, client_of, gateway_of

AT_ONCE = "now"
CREDIT_FIELDS = "credit."
ENDED = "The subscription has ended."
CANCELLED = "The subscription is cancelled. It can be resumed until its end."


def new(viewer: Viewer) -> ResponseReturnValue:
    """Ask when and why to cancel. For a cancelled subscription, offer to resume it."""
    return page(viewer)


def page(viewer: Viewer, problem: str = "", *, use_waits: bool = False) -> str:
    present = present_plan(db.session(), client_of(viewer))
    can_end_now = present is not None and present.ends_at is None
    may_credit = can_end_now and viewer.is_staff and present is not None and not present.is_on_trial
    return render_template(
        "plan_changes/cancellations/new.html",
        viewer=viewer,
        present=present,
        reasons=cancellation_reasons.REASONS,
        typed=request.form,
        charge=last_charge(viewer) if can_end_now else None,
        with_credit=last_charge(viewer, is_prorated=True) if may_credit else None,
        problem=problem,
        may_leave_use=use_waits and viewer.is_staff,
    )


def last_charge(viewer: Viewer, *, is_prorated: bool = False) -> ImmediateCharge | None:
    """What cancelling now charges; None without an answer of Stripe's: then it can't be confirmed."""
    try:
        gateway = gateway_of(viewer)
        return cancellations.last_charge(transaction, gateway, viewer.client_id, is_prorated=is_prorated)
    except (StripeProblem, Refusal):
        return None


def create(viewer: Viewer) -> ResponseReturnValue:
    """Cancel now, or at the end of the paid period."""
    at_once = request.form.get("when") == AT_ONCE
    is_prorated = viewer.is_staff and "credit" in request.form
    try:
        wanted = Cancelling(
            viewer.client_id,
            at_once,
            reason=request.form.get("reason", ""),
            comment=request.form.get("comment", ""),
            is_prorated=is_prorated,
            shown=shown_amount(request.form, CREDIT_FIELDS if is_prorated else ""),
            base_plan_id=number_of(request.form["plan"]) if "plan" in request.form else None,
            staff_id=viewer.staff_id,
            leaves_use=leaves_use(viewer),
        )
        cancellations.cancel(transaction, gateway_of(viewer), wanted)
    except (Refusal, Conflict) as refusal:
        return page(viewer, str(refusal), use_waits=isinstance(refusal, UseWaits)), 422
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
