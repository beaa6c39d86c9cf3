"""The rate limit of the API."""

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from billingportal.db import db, transaction
from billingportal.domain.api import settings as api_settings
from billingportal.errors import Refusal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("api_settings", __name__, url_prefix="/settings/api")


class SettingsForm(PortalForm):
    requests_per_second = StringField(
        "Requests a second", description="For each key and server process. More are answered with 429 and Retry-After."
    )


@blueprint.get("")
@require_role("owner", "admin")
def edit() -> str:
    form = SettingsForm()
    form.requests_per_second.data = str(api_settings.requests_per_second(db.session()))
    return render_template("api/settings.html", form=form)


@blueprint.post("")
@require_role("owner", "admin")
def update() -> ResponseReturnValue:
    form = SettingsForm.of_request()
    typed = form.requests_per_second.data or ""
    try:
        with transaction() as session:
            number = api_settings.change_requests_per_second(session, typed, staff_id=current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("api/settings.html", form=form), 422
    flash(f"Each key may send {number:,} requests a second.")
    return htmx.redirect(url_for("api_keys.index"))
