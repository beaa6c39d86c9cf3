"""Staff's notes about a client, and its older timeline entries and invoices."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, TextAreaField

from billingportal.db import db, transaction
from billingportal.domain.clients import clients, timeline
from billingportal.domain.clients.timeline import Cursor
from billingportal.domain.invoices import staff_invoices
from billingportal.domain.subscriptions import client_clock
from billingportal.domain.subscriptions.client_subscriptions import link_of
from billingportal.errors import Conflict, Refusal
from billingportal.limits import whole_number
from billingportal.models import Client
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients.steps import client_or_404, done
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("client_notes", __name__, url_prefix="/saas/clients/<id:client_id>")


class NotesForm(PortalForm):
    """`revision` is the client's revision when the form was opened."""

    notes = TextAreaField("Notes", description="Only your team sees them.")
    revision = HiddenField()


@blueprint.get("/notes")
@require_role("owner", "admin")
def edit(client_id: int) -> str:
    client = client_or_404(client_id)
    return page(client, NotesForm(obj=client))


@blueprint.post("/notes")
@require_role("owner", "admin")
def update(client_id: int) -> ResponseReturnValue:
    client_or_404(client_id)
    form = NotesForm.of_request()
    revision, staff_id = whole_number(form.revision.data or "") or 0, current_staff().id
    try:
        with transaction() as session:
            clients.write_notes(session, client_id, form.notes.data or "", revision=revision, staff_id=staff_id)
    except Conflict as conflict:
        form.refuse(Refusal("", str(conflict)))
        return page(client_or_404(client_id), form), 422
    except Refusal as refusal:
        form.refuse(refusal)
        return page(client_or_404(client_id), form), 422
    return done(client_id, "has new notes.")


def page(client: Client, form: NotesForm) -> str:
    return render_template("clients/notes.html", client=client, form=form)


@blueprint.get("/timeline")
def show_timeline(client_id: int) -> str:
    """Older timeline entries: the next ones alone for htmx, else a whole page."""
    client = client_or_404(client_id)
    reading = db.session()
    before = Cursor.of_text(request.args.get("before", ""))
    happenings, older = timeline.timeline_page(reading, client.id, link_of(reading, client), before)
    template = "clients/_happenings.html" if htmx.is_partial(request) else "clients/timeline.html"
    return render_template(template, client=client, happenings=happenings, older=older)


@blueprint.get("/invoices")
def show_invoices(client_id: int) -> str:
    """Older invoices, the same way."""
    client = client_or_404(client_id)
    reading = db.session()
    moment = client_clock.moment_of(reading, client)
    before_id = whole_number(request.args.get("before", ""))
    invoices = staff_invoices.invoice_page(reading, link_of(reading, client), moment, before_id)
    template = "clients/_invoices.html" if htmx.is_partial(request) else "clients/invoices.html"
    return render_template(template, client=client, invoices=invoices)
