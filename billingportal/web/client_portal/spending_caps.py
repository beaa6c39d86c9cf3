"""A client sets how much of a billed resource it wants to use at most."""

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, StringField

from billingportal.db import db, transaction
from billingportal.domain.client_portal.spending_caps import CapForm, cap_form
from billingportal.domain.common.plurals import counted
from billingportal.domain.entitlements.spending_cap import set_spending_cap
from billingportal.domain.plans.terms import LARGEST_QUOTA
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("own_spending_cap", __name__, url_prefix="/portal/billing/spending-caps")
CHOICES = {"no": "Keep going without a cap", "yes": "Stop at a number that you choose"}


class SpendingCapForm(PortalForm):
    """`spending_cap` is in units, with the included ones."""

    has_cap = RadioField("When the included ones are used up", choices=CHOICES, default="no")
    spending_cap = StringField("Per billing period")


@blueprint.get("/<public:key>")
@require_client
def edit(key: str) -> ResponseReturnValue:
    found = form_or_404(key)
    form = SpendingCapForm()
    if found.cap is not None:
        form.has_cap.data, form.spending_cap.data = "yes", f"{found.cap:,}"
    return page(found, form)


@blueprint.get("/<public:key>/quote")
@require_client
def show(key: str) -> ResponseReturnValue:
    """What the typed cap costs at most."""
    found = form_or_404(key)
    typed = units_of(request.args.get("spending_cap", ""))
    return render_template("client_portal/_cap_quote.html", found=found, quote=found.quote(typed) if typed else None)


@blueprint.post("/<public:key>")
@require_client
def update(key: str) -> ResponseReturnValue:
    found = form_or_404(key)
    form = SpendingCapForm.of_request()
    cap = units_of(form.spending_cap.data or "") if form.has_cap.data == "yes" else None
    try:
        if form.has_cap.data == "yes" and cap is None:
            raise Refusal("spending_cap", "Enter a whole number, such as 30,000.")
        with transaction() as session:
            set_spending_cap(session, current_client().id, found.resource.id, cap)
    except Refusal as refusal:
        form.refuse(refusal)
        return page(form_or_404(key), form), 422
    unit = found.resource.unit
    flash(f"Your spending cap is {counted(cap, unit)}." if cap else f"There is no spending cap on {unit}.")
    return htmx.redirect(url_for("own_usage.show", resource=key))


def page(found: CapForm, form: SpendingCapForm) -> str:
    typed = units_of(form.spending_cap.data or "")
    quote = found.quote(typed) if typed and form.has_cap.data == "yes" and not form.errors else None
    return render_template("client_portal/spending_cap.html", found=found, form=form, quote=quote)


def units_of(text: str) -> int | None:
    """The number that was typed, with or without commas or blanks between thousands."""
    return whole_number("".join(text.replace(",", "").split()), LARGEST_QUOTA)


def form_or_404(key: str) -> CapForm:
    found = cap_form(db.session(), current_client(), key)
    return found if found is not None else abort(404, "Your plan bills no extra use of this.")
