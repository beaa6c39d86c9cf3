"""Owners waive items of the checklist with a reason, and take it back."""

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.go_live.checklist import waivers
from billingportal.errors import Refusal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx

blueprint = Blueprint("checklist_waivers", __name__, url_prefix="/saas/go-live/waivers/<public:item>")


@blueprint.post("")
@require_role("owner")
def create(item: str) -> ResponseReturnValue:
    staff_id = current_staff().id
    try:
        with transaction() as session:
            waivers.waive(session, item, request.form.get("reason", ""), staff_id=staff_id)
    except Refusal as refusal:
        flash(refusal.message)
    return htmx.redirect(url_for("go_live.index"))


@blueprint.post("/end")
@require_role("owner")
def destroy(item: str) -> ResponseReturnValue:
    staff_id = current_staff().id
    with transaction() as session:
        waivers.take_back(session, item, staff_id=staff_id)
    return htmx.redirect(url_for("go_live.index"))
