"""Settings > API keys: made, shown once, renamed and revoked."""

from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, SelectMultipleField, StringField
from wtforms.validators import Optional

from billingportal.db import db, transaction
from billingportal.domain.api import settings as api_settings
from billingportal.domain.auth import api_keys
from billingportal.domain.common.form_errors import FormErrors
from billingportal.errors import Refusal
from billingportal.models import ApiKey
from billingportal.web.api.key_rows import key_rows
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("api_keys", __name__, url_prefix="/settings/api-keys")
API = "/api/v1"
EDITORS = ("owner", "admin")
SCOPES = {
    "read": ("Read", "Limits, use, clients, plans and resources."),
    "usage": ("Usage", "Report use, reserve and confirm."),
    "manage": ("Manage", "Create and suspend clients, workspaces, billing and checkout links."),
}


class KeyForm(PortalForm):
    """A new key. `expires_at` is its last day, in UTC."""

    name = StringField("Name", description="Only your team sees it.")
    scopes = SelectMultipleField(
        "What it may do", choices={scope: words for scope, (words, _) in SCOPES.items()}, default=["read", "usage"]
    )
    expires_at = DateField(
        "Ends on",
        description="Optional, at the end of that day in UTC. Leave empty for never.",
        validators=[Optional()],
    )


class NameForm(PortalForm):
    name = StringField("Name", description="Only your team sees it.")


@blueprint.get("")
def index() -> str:
    template = "api/keys/_list.html" if htmx.is_partial(request) else "api/keys/index.html"
    return listed(template)


def listed(template: str) -> str:
    session = db.session()
    return render_template(
        template,
        rows=key_rows(session, api_keys.listed_keys(session, g.mode)),
        per_second=api_settings.requests_per_second(session),
        address=own_address(API),
        may_change=current_staff().role in EDITORS,
    )


@blueprint.get("/new")
@require_role("owner", "admin")
def new() -> str:
    return new_page(KeyForm())


def new_page(form: KeyForm) -> str:
    return render_template("api/keys/new.html", form=form, scopes=SCOPES, chosen=form.scopes.data or [])


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Make the key and show it: the only page that ever has it whole."""
    form = KeyForm.of_request()
    if not form.is_valid():
        return new_page(form), 422
    try:
        with transaction() as session:
            row, secret = api_keys.create_key(
                session,
                g.mode,
                form.name.data or "",
                form.scopes.data or [],
                end_of(form.expires_at.data),
                current_staff().id,
            )
            name, scopes = row.name, row.scopes
    except FormErrors as errors:
        for refusal in errors.refusals:
            form.refuse(refusal)
        return new_page(form), 422
    return render_template("api/keys/created.html", name=name, scopes=scopes, secret=secret, address=own_address(API))


@blueprint.get("/<id:key_id>/edit")
@require_role("owner", "admin")
def edit(key_id: int) -> str:
    key = key_or_404(key_id)
    return render_template("api/keys/edit.html", key=key, form=NameForm(obj=key))


@blueprint.post("/<id:key_id>")
@require_role("owner", "admin")
def update(key_id: int) -> ResponseReturnValue:
    key = key_or_404(key_id)
    form = NameForm.of_request()
    try:
        with transaction() as session:
            api_keys.rename_key(session, key_id, form.name.data or "", mode=g.mode, staff_id=current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("api/keys/edit.html", key=key, form=form), 422
    flash("The key is renamed.")
    return htmx.redirect(url_for("api_keys.index"))


@blueprint.post("/<id:key_id>/revocation")
@require_role("owner", "admin")
def create_revocation(key_id: int) -> ResponseReturnValue:
    key_or_404(key_id)
    with transaction() as session:
        name = api_keys.revoke_key(session, key_id, mode=g.mode, staff_id=current_staff().id).name
    words = f"{name} is revoked. Whatever uses it stops within 5 seconds."
    if htmx.is_partial(request):
        return htmx.with_toast(listed("api/keys/_list.html"), "ok", words)
    flash(words)
    return htmx.redirect(url_for("api_keys.index"))


def end_of(last_day: date | None) -> datetime | None:
    """The first moment after a day, in UTC."""
    return datetime.combine(last_day + timedelta(days=1), time(), UTC) if last_day else None


def key_or_404(key_id: int) -> ApiKey:
    found = api_keys.find_key(db.session(), key_id, g.mode)
    return found if found is not None else abort(404, "There is no such API key in this mode.")
