"""Removing a retired price, that nobody pays any more, from a plan's page."""

from flask import Blueprint, abort, flash, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.subscriptions import retired_links
from billingportal.errors import Conflict
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx

blueprint = Blueprint("link_removals", __name__, url_prefix="/saas/plan-prices")


@blueprint.post("/<id:plan_price_id>/removal")
@require_role("owner", "admin")
def create(plan_price_id: int) -> ResponseReturnValue:
    """Remove the link, and redirect back to the plan."""
    staff_id = current_staff().id
    try:
        with transaction() as session:
            plan_id = retired_links.remove_link(session, plan_price_id, staff_id=staff_id).id
    except Conflict as conflict:
        abort(409, str(conflict))
    flash("The price is removed.")
    return htmx.redirect(url_for("plans.edit", plan_id=plan_id))
