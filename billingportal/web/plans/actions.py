"""Actions on a plan in the list, each as a noun: a copy, an activation, its archiving."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.plans import lifecycle as plan_lifecycle
from billingportal.domain.plans import plans, quota_changes
from billingportal.errors import Refusal
from billingportal.models import Plan
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.plans.plans import list_partial

blueprint = Blueprint("plan_actions", __name__, url_prefix="/saas/plans/<id:plan_id>")
Act = Callable[[Session, int, int], Plan]


@blueprint.post("/copies")
@require_role("owner", "admin")
def create_copy(plan_id: int) -> ResponseReturnValue:
    return acted(
        plan_id, lambda *given: plans.copy_plan(given[0], given[1], staff_id=given[2]), "is a draft. Edit it now."
    )


@blueprint.post("/featured")
@require_role("owner", "admin")
def create_featured(plan_id: int) -> ResponseReturnValue:
    return acted(plan_id, by(plan_lifecycle.feature_plan), "is featured: the pricing page shows it as “Most Popular”.")


@blueprint.post("/featured/removal")
@require_role("owner", "admin")
def destroy_featured(plan_id: int) -> ResponseReturnValue:
    return acted(plan_id, by(plan_lifecycle.unfeature_plan), "is featured no longer.")


@blueprint.post("/default")
@require_role("owner", "admin")
def create_default(plan_id: int) -> ResponseReturnValue:
    return acted(plan_id, by(plan_lifecycle.make_default), "is the default: new clients start on it.")


@blueprint.get("/activation")
@require_role("owner", "admin")
def new_activation(plan_id: int) -> str:
    """Ask whether an empty plan is meant to be sold, where no script can."""
    plan = plans.find_plan(db.session(), plan_id) or abort(404, "There is no such plan.")
    return render_template("plans/activate.html", plan=plan)


@blueprint.post("/activation")
@require_role("owner", "admin")
def create_activation(plan_id: int) -> ResponseReturnValue:
    sells_free = request.values.get("sells_free") == "yes"
    return acted(
        plan_id,
        lambda session, which, staff_id: plan_lifecycle.activate_plan(
            session, which, staff_id=staff_id, sells_free=sells_free
        ),
        "is active.",
    )


@blueprint.post("/deactivation")
@require_role("owner", "admin")
def create_deactivation(plan_id: int) -> ResponseReturnValue:
    return acted(plan_id, by(plan_lifecycle.deactivate_plan), "is a draft again. Clients who have it keep it.")


@blueprint.get("/archiving")
@require_role("owner", "admin")
def new_archiving(plan_id: int) -> str:
    """Ask for confirmation where no script can."""
    plan = plans.find_plan(db.session(), plan_id) or abort(404, "There is no such plan.")
    return render_template("plans/archive.html", plan=plan, clients=len(quota_changes.clients_of(db.session(), plan)))


@blueprint.post("/archiving")
@require_role("owner", "admin")
def create_archiving(plan_id: int) -> ResponseReturnValue:
    return acted(plan_id, by(plan_lifecycle.archive_plan), "is archived. Clients who have it keep it.")


@blueprint.post("/restoration")
@require_role("owner", "admin")
def create_restoration(plan_id: int) -> ResponseReturnValue:
    return acted(plan_id, by(plan_lifecycle.restore_plan), "is back, as a draft.")


@blueprint.post("/position")
@require_role("owner", "admin")
def update_position(plan_id: int) -> ResponseReturnValue:
    """Move the plan: `direction` is up or down."""
    direction: plan_lifecycle.Direction = "up" if request.form.get("direction") == "up" else "down"
    return acted(
        plan_id,
        lambda session, which, staff_id: plan_lifecycle.move_plan(session, which, direction, staff_id=staff_id),
        f"is moved {direction}.",
    )


def by(act: Callable[..., Plan]) -> Act:
    return lambda session, plan_id, staff_id: act(session, plan_id, staff_id=staff_id)


def acted(plan_id: int, act: Act, words: str) -> ResponseReturnValue:
    """Run one action, and show the updated list."""
    if plans.find_plan(db.session(), plan_id) is None:
        abort(404, "There is no such plan.")
    staff_id = current_staff().id
    try:
        with transaction() as session:
            said = f"{act(session, plan_id, staff_id).name} {words}"
    except Refusal as refusal:
        return refused(refusal)
    if htmx.is_partial(request):
        return htmx.with_toast(list_partial(), "ok", said)
    flash(said)
    return htmx.redirect(url_for("plans.index"))


def refused(refusal: Refusal) -> ResponseReturnValue:
    """Show the current list, and the reason of the refusal."""
    if htmx.is_partial(request):
        return htmx.with_toast(list_partial(), "bad", "Nothing was changed", refusal.message), 422
    return list_partial(refusal.message), 422
