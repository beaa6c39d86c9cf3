"""SaaS > Payment Processor: connect the partner's Stripe account and watch the connection."""

from flask import Blueprint, Response, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField

from billingportal.db import db, transaction
from billingportal.domain.connection import credentials, processor_accounts
from billingportal.errors import Refusal
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.connection.status import connection

blueprint = Blueprint("processor", __name__, url_prefix="/saas/payment-processor")


class SecretKeyForm(PortalForm):
    """The key itself is never sent back to the browser, also not with a refused form."""

    secret_key = PasswordField("Secret key", description="Stored encrypted and never shown again.")


@blueprint.get("")
def show() -> str:
    return page(SecretKeyForm())


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """The connection, or 204 when the browser shows its current state already."""
    found = connection(db.session(), current_portal().settings, g.mode)
    seen = request.args.get("seen")
    if seen == (found.fingerprint if found else ""):
        return Response(status=204)
    return fragment(SecretKeyForm())


@blueprint.get("/key")
@require_role("owner", "admin")
def edit() -> str:
    """The form for another key. The stored key stays in use meanwhile."""
    return (
        fragment(SecretKeyForm(), is_replacing=True)
        if htmx.is_partial(request)
        else page(SecretKeyForm(), is_replacing=True)
    )


@blueprint.post("")
@require_role("owner", "admin")
def update() -> ResponseReturnValue:
    """Save configuration: verify the key and store it; the worker registers the webhook."""
    form = SecretKeyForm.of_request()
    portal = current_portal()
    staff_id = current_staff().id
    try:
        mode = credentials.connect(
            transaction, portal.open_gateway, portal.vault, form.secret_key.data or "", staff_id=staff_id
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return refused(form), 422
    return shown_after(mode)


def refused(form: SecretKeyForm) -> str:
    is_connected = processor_accounts.connected(db.session(), g.mode) is not None
    return fragment(form, is_replacing=is_connected) if htmx.is_partial(request) else page(form, is_connected)


def shown_after(mode: Mode) -> ResponseReturnValue:
    """The current connection. A key of the other mode switches the whole page to that mode."""
    is_other_mode = mode != g.mode
    session["mode"] = mode
    if is_other_mode or not htmx.is_partial(request):
        return htmx.redirect(url_for("processor.show"))
    return fragment(SecretKeyForm())


def fragment(form: SecretKeyForm, is_replacing: bool = False) -> str:
    return render_template("connection/update.html", **facts(form, is_replacing))


def page(form: SecretKeyForm, is_replacing: bool = False) -> str:
    return render_template("connection/show.html", **facts(form, is_replacing))


def facts(form: SecretKeyForm, is_replacing: bool) -> dict[str, object]:
    reading = db.session()
    found = connection(reading, current_portal().settings, g.mode)
    last = None if found else processor_accounts.shown(reading, g.mode)
    return {"form": form, "connection": found, "last_account": last, "is_replacing": is_replacing}
