"""The pages of a plan change: choose, preview the cost, confirm, and see the result."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billingportal.db import db, transaction
from billingportal.domain.checkout import trial_history
from billingportal.domain.metering.push import UseWaits
from billingportal.domain.plan_changes import changes as plan_change_changes
from billingportal.domain.plan_changes import quotes as plan_change_quotes
from billingportal.domain.plan_changes import withdrawal
from billingportal.domain.plan_changes.planning import ChangeRequest
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.plan_changes.previews import Preview
from billingportal.domain.plan_changes.trial_terms import CardNeeded
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.subscriptions import change_state
from billingportal.errors import Conflict, Refusal
from billingportal.models import Invoice, PlanChange
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import refusal_text
from billingportal.web.offers.query import pricing_address
from billingportal.web.plan_changes.choice import choice_of_request, chosen_plan
from billingportal.web.plan_changes.confirmation import TIMINGS, confirmation_fields, confirmed_request
from billingportal.web.plan_changes.viewer import Viewer, client_of, gateway_of

NOTHING: Mapping[str, str] = MappingProxyType({})


def choose(viewer: Viewer) -> ResponseReturnValue:
    """The plans, with the present plan preselected."""
    present = present_of(viewer)
    if present is None and not viewer.is_staff:
        client = client_of(viewer)
        return htmx.redirect(pricing_address(returning=trial_history.has_had_subscription(db.session(), client)))
    if present is not None and present.owes and not viewer.is_staff:
        flash("A payment is due. Pay it first, then change the plan.")
        return htmx.redirect(viewer.home)
    return choose_page(viewer, present)


def choose_page(viewer: Viewer, present: PresentPlan | None, problem: str = "", *, needs_card: bool = False) -> str:
    choice = choice_of_request(db.session(), viewer.mode, present)
    return render_template(
        "plan_changes/choose.html",
        viewer=viewer,
        present=present,
        choice=choice,
        problem=problem,
        needs_card=needs_card,
    )


def preview(viewer: Viewer) -> ResponseReturnValue:
    """Preview the exact cost of the chosen change. Changes nothing."""
    choice = chosen_plan(db.session(), viewer.mode, present_of(viewer))
    timing = TIMINGS.get(request.args.get("timing", ""))
    try:
        wanted = ChangeRequest(viewer.client_id, choice.plan_id, choice.selection, timing, staff_id=viewer.staff_id)
        shown = plan_change_quotes.preview(transaction, gateway_of(viewer), wanted)
    except CardNeeded as refusal:
        return choose_page(viewer, present_of(viewer), refusal.message, needs_card=True), 422
    except Refusal as refusal:
        return choose_page(viewer, present_of(viewer), refusal.message), 422
    except StripeProblem as problem:
        return choose_page(viewer, present_of(viewer), refusal_text(problem)), 503
    return preview_page(viewer, shown)


def preview_page(viewer: Viewer, shown: Preview, problem: str = "") -> str:
    return render_template(
        "plan_changes/preview.html",
        viewer=viewer,
        shown=shown,
        problem=problem,
        fields=confirmation_fields(shown),
        period=period_words(*shown.selection.period),
    )


def create(viewer: Viewer) -> ResponseReturnValue:
    """Make the previewed change, or preview it again when the preview is out of date."""
    try:
        change_id = plan_change_changes.make_change(transaction, gateway_of(viewer), confirmed_request(viewer))
    except plan_change_changes.Aged as aged:
        return preview_page(viewer, aged.preview, str(aged)), 422
    except UseWaits as refusal:
        return refused_page(viewer, str(refusal), confirmed=request.form), 422
    except (Refusal, Conflict) as refusal:
        return refused_page(viewer, str(refusal)), 422
    except StripeProblem as problem:
        return refused_page(viewer, refusal_text(problem)), 503
    return htmx.redirect(viewer.move(change_id))


def show(viewer: Viewer, move_id: int) -> ResponseReturnValue:
    """The result of a change. The page polls while the change is open."""
    move = move_or_404(viewer, move_id)
    template = "plan_changes/_result.html" if htmx.is_partial(request) else "plan_changes/show.html"
    planned = change_state.open_change(db.session(), viewer.client_id)
    return render_template(template, viewer=viewer, move=move, invoice=invoice_of(move), planned=planned)


def destroy(viewer: Viewer) -> ResponseReturnValue:
    """Withdraw a planned or waiting change; the present plan stays."""
    try:
        gateway, client_id = gateway_of(viewer), viewer.client_id
        if viewer.is_staff:
            is_off = withdrawal.withdraw_planned(transaction, gateway, client_id, staff_id=viewer.staff_id)
        else:
            is_off = withdrawal.withdraw_own(transaction, gateway, client_id)
    except (Refusal, Conflict) as refusal:
        return refused_page(viewer, str(refusal)), 422
    except StripeProblem as problem:
        return refused_page(viewer, refusal_text(problem)), 503
    flash("The present plan stays." if is_off else "There was no change to call off any more.")
    return htmx.redirect(viewer.home)


def refused_page(viewer: Viewer, problem: str, confirmed: Mapping[str, str] = NOTHING) -> str:
    """Why nothing was changed. With the fields that were `confirmed`, staff may confirm them once more."""
    return render_template("plan_changes/refused.html", viewer=viewer, problem=problem, confirmed=confirmed)


def present_of(viewer: Viewer) -> PresentPlan | None:
    return present_plan(db.session(), client_of(viewer))


def move_or_404(viewer: Viewer, move_id: int) -> PlanChange:
    move = db.session().get(PlanChange, move_id)
    if move is None or move.client_id != viewer.client_id:
        abort(404, "There is no such change.")
    return move


def invoice_of(move: PlanChange) -> Invoice | None:
    """The invoice whose payment the change waits for."""
    return db.session().scalar(
        select(Invoice).where(
            Invoice.processor_account_id == move.processor_account_id,
            Invoice.stripe_invoice_id == str(move.preview.get("invoice")),
        )
    )
