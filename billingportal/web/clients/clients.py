"""SaaS > Clients: the list and the page of a client; creating and editing one."""

from collections.abc import Iterator

from flask import Blueprint, Response, flash, g, render_template, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.clients import clients, csv_export, stripe_details
from billingportal.domain.clients import creation as client_creation
from billingportal.domain.clients import search as client_search
from billingportal.domain.clients.search import Wanted
from billingportal.domain.common.audit import by_staff
from billingportal.errors import Conflict, Refusal
from billingportal.limits import whole_number
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients import filters as client_filters
from billingportal.web.clients import page as client_page
from billingportal.web.clients.form import ClientForm, NewClientForm, plan_options
from billingportal.web.clients.rows import client_rows
from billingportal.web.clients.steps import client_or_404
from billingportal.web.common import htmx
from billingportal.web.common.embedding import page_address
from billingportal.web.common.stripe_access import stripe_if_any

blueprint = Blueprint("clients", __name__, url_prefix="/saas/clients")
EDITORS = ("owner", "admin")


@blueprint.get("")
def index() -> str:
    wanted = client_filters.wanted_of_request()
    page = client_search.search_clients(db.session(), g.mode, wanted)
    return render_template(
        "clients/index.html",
        wanted=wanted,
        listed=page,
        rows=client_rows(db.session(), page.rows),
        choices=client_filters.choices(db.session(), page, wanted),
        query=client_filters.query_of(wanted),
        pricing_url=page_address(),
        may_change=current_staff().role in EDITORS,
    )


@blueprint.get("/export.csv")
def export() -> Response:
    """All clients that match the filters, on all pages, as a CSV file."""
    lines = exported(db.session(), g.mode, client_filters.wanted_of_request())
    name = f"clients-{g.mode}-{now().date().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(stream_with_context(lines), mimetype="text/csv", headers=headers)


def exported(session: Session, mode: Mode, wanted: Wanted) -> Iterator[str]:
    """The file line by line. Flask releases the session before the first line, so it is closed here: otherwise its
    connection would be missing until the garbage collector runs.
    """
    try:
        yield from csv_export.csv_lines(session, mode, wanted)
    finally:
        session.close()


@blueprint.get("/<id:client_id>")
def show(client_id: int) -> str:
    return client_page.render(client_or_404(client_id))


@blueprint.get("/new")
@require_role("owner", "admin")
def new() -> str:
    return new_page(NewClientForm())


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    form = NewClientForm.of_request()
    if not form.is_valid():
        return new_page(form), 422
    try:
        with transaction() as session:
            made = client_creation.create_by_staff(session, g.mode, form.new_client, staff_id=current_staff().id)
            client_id, words = made.id, f"{made.name} is there."
    except Refusal as refusal:
        form.refuse(refusal)
        return new_page(form), 422
    flash(words)
    pays = form.new_client.plan_id is not None and not form.new_client.is_by_hand
    return htmx.redirect(url_for(after_creation(client_id, pays=pays), client_id=client_id))


def after_creation(client_id: int, *, pays: bool) -> str:
    """The next page: a client who has to pay needs a billing link first."""
    client = client_or_404(client_id)
    return "client_actions.new_billing_link" if pays and client.base_plan_id is None else "clients.show"


def new_page(form: NewClientForm) -> str:
    form.plan.choices = list(plan_options(db.session()))
    return render_template("clients/new.html", form=form)


@blueprint.get("/<id:client_id>/edit")
@require_role("owner", "admin")
def edit(client_id: int) -> str:
    client = client_or_404(client_id)
    return render_template("clients/edit.html", client=client, form=ClientForm(obj=client))


@blueprint.post("/<id:client_id>")
@require_role("owner", "admin")
def update(client_id: int) -> ResponseReturnValue:
    """Save the form, and then update the customer at Stripe."""
    client = client_or_404(client_id)
    form = ClientForm.of_request()
    revision = whole_number(form.revision.data or "") or 0
    try:
        with transaction() as session:
            clients.update_client(
                session, client_id, form.terms, revision=revision, author=by_staff(current_staff().id)
            )
    except Conflict as conflict:
        form.refuse(Refusal("", str(conflict)))
    except Refusal as refusal:
        form.refuse(refusal)
    else:
        flash(told_to_stripe(client_id))
        return htmx.redirect(url_for("clients.show", client_id=client_id))
    return render_template("clients/edit.html", client=client_or_404(client.id), form=form), 422


def told_to_stripe(client_id: int) -> str:
    """Copy the client's name and email to its customer at Stripe. Returns the result in words."""
    try:
        stripe = stripe_if_any(g.mode)
        if stripe is None or not stripe_details.update_customer(
            transaction, stripe.gateway, stripe.account_id, client_id
        ):
            return "The client is saved."
    except StripeProblem as problem:
        return f"The client is saved here. Stripe could not be told: {problem} Save again later to tell it."
    return "The client is saved, here and at Stripe."
