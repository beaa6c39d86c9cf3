"""The drift of a plan's prices, with buttons that repair it."""

from typing import cast, get_args

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.plans import drift_repair
from billingportal.domain.plans.drift import Drift, RepairKind, drift
from billingportal.domain.plans.drift_repair import Repairing
from billingportal.errors import Conflict, Refusal
from billingportal.models import Plan, PlanPrice, ProcessorAccount
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import stripe_of
from billingportal.web.common.urls import own_path

blueprint = Blueprint("price_repairs", __name__, url_prefix="/saas/plan-prices")


def drifts(plan: Plan, account_id: int) -> list[tuple[PlanPrice, Drift]]:
    """Every drift of a plan's prices at one account."""
    rows = [row for row in plan.prices if row.processor_account_id == account_id]
    return [(row, one) for row in rows for one in drift(db.session(), row)]


@blueprint.post("/<id:plan_price_id>/repairs")
@require_role("owner", "admin")
def create(plan_price_id: int) -> ResponseReturnValue:
    """Run the chosen repair, and redirect back to the plan."""
    kind = request.form.get("kind", "")
    row = db.session().get(PlanPrice, plan_price_id)
    if kind not in get_args(RepairKind) or row is None:
        abort(404)
    account = db.session().get_one(ProcessorAccount, row.processor_account_id)
    try:
        stripe = stripe_of(account)
        repairing = Repairing(transaction, stripe.gateway, plan_price_id, cast(RepairKind, kind), current_staff().id)
        drift_repair.repair_drift(repairing)
    except Conflict as conflict:
        abort(409, str(conflict))
    except Refusal as refusal:
        abort(409, refusal.message)
    flash("Repaired.")
    return htmx.redirect(own_path(request.form.get("next")) or "/saas/plans")
