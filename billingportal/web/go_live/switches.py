"""The switch of the selling mode: to live once nothing is open, and back at any time. Only owners, with a password."""

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.auth import sign_in
from billingportal.domain.go_live import switch as selling_switch
from billingportal.domain.go_live.checklist.checklist import checklist, keys_of
from billingportal.domain.offers.pricing_page import active_plans, for_sale
from billingportal.domain.offers.selling_mode import selling_mode
from billingportal.errors import Refusal
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.web.auth.fields import known_password_field
from billingportal.web.auth.password_check import check_password
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("selling_switch", __name__, url_prefix="/saas/go-live/switch")
WRONG = "This is not your password. Nothing was changed."


class SwitchForm(PortalForm):
    password = known_password_field("Your password")


@blueprint.get("")
@require_role("owner")
def new() -> ResponseReturnValue:
    return page(SwitchForm())


@blueprint.post("")
@require_role("owner")
def create() -> ResponseReturnValue:
    form, mode = SwitchForm.of_request(), wanted_mode()
    if not form.is_valid():
        return page(form), 422
    staff_id = current_staff().id
    try:
        refuse_open_items(mode)
        attempt_id = check_password(str(form.password.data), "password", WRONG)
        with transaction() as session:
            waived = keys_of(checklist(session, current_portal().settings).of("waived"))
            selling_switch.switch(session, mode, waived, staff_id=staff_id)
            sign_in.forgive_attempt(session, attempt_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return page(form), 422
    flash("You are live." if mode == "live" else "The portal sells in test mode again.")
    return htmx.redirect(url_for("go_live.index"))


def wanted_mode() -> Mode:
    """The mode of the form, else the one in which the portal does not sell."""
    typed = request.form.get("mode")
    if typed in ("test", "live"):
        return "live" if typed == "live" else "test"
    return selling_switch.OTHER_MODE[selling_mode(db.session())]


def refuse_open_items(mode: Mode) -> None:
    """Raises Refusal while an item is to do or unknown. Switching back is always possible."""
    if mode == "test":
        return
    found = checklist(db.session(), current_portal().settings)
    db.session().rollback()
    if found.open:
        raise Refusal("", f"{len(found.open)} of {len(found.items)} items are open. Finish or waive them first.")


def page(form: SwitchForm) -> str:
    session, mode = db.session(), wanted_mode()
    offers = for_sale(session, active_plans(session), mode)
    return render_template(
        "go_live/switch.html",
        form=form,
        mode=mode,
        plans=len(offers),
        prices=len({one.price.stripe_price_id for offer in offers for way in offer.choices for one in way.prices}),
        checkouts=selling_switch.count_left_checkouts(session, mode),
    )
