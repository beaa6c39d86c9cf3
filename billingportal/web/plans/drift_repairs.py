"""What a plan's price drifted from, with a button that repairs it."""

from typing import cast, get_args

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.connection.processor_accounts import gateway_of
from billingportal.domain.plans import drift_repair
from billingportal.domain.plans.drift import Drift, RepairKind, drift
from billingportal.domain.plans.drift_repair import Repairing
from billingportal.errors import Conflict, Refusal
from billingportal.models import Plan, PlanPrice, ProcessorAccount
from billingportal.portal import current_portal
from billingportal.vault import CannotOpen
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.urls import own_path

blueprint = Blueprint("price_repairs", __name__, url_prefix="/saas/plan-prices")


def drifts(plan: Plan, account_id: int) -> list[tuple[PlanPrice, Drift]]:
    """Everything to be shown on a plan, for the account looked at."""
    rows = [row for row in plan.prices if row.processor_account_id == account_id]
    return [(row, one) for row in rows for one in drift(db.session(), row)]


@blueprint.post("/<id:plan_price_id>/repairs")
@require_role("owner", "admin")
def create(plan_price_id: int) -> ResponseReturnValue:
    """Do what the button says, and go back to the plan."""
    kind = request.form.get("kind", "")
    row = db.session().get(PlanPrice, plan_price_id)
    if kind not in get_args(RepairKind) or row is None:
        abort(404)
    account = db.session().get_one(ProcessorAccount, row.processor_account_id)
    portal = current_portal()
    try:
        gateway = gateway_of(account, portal.vault, portal.open_gateway)
        repairing = Repairing(transaction, gateway, plan_price_id, cast(RepairKind, kind), current_staff().id)
        drift_repair.repair(repairing)
    except Conflict as conflict:
        abort(409, str(conflict))
    except (Refusal, CannotOpen) as refusal:
        abort(409, str(refusal))
    flash("Repaired.")
    return htmx.redirect(own_path(request.form.get("next")) or "/saas/plans")
