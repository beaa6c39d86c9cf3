"""Settings > Resources: the resources that plans count and limit."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import RadioField, StringField

from billingportal.db import db, transaction
from billingportal.domain.plans import resources
from billingportal.errors import Refusal
from billingportal.models import Resource
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("resources", __name__, url_prefix="/settings/resources")
COUNTING = {
    "gauge": "A level now, such as contacts",
    "counter": "Adds up in a billing period, such as messages",
}


class ResourceForm(PortalForm):
    """`kind` cannot be changed later: a resource that is counted differently is another resource."""

    name = StringField("Name", description="For example “Messages”.")
    unit = StringField("What one page says after a number", description="Empty: the name in lower case.")
    kind = RadioField("How it is counted", choices=COUNTING, default="gauge")


@blueprint.get("")
def index() -> str:
    return page(ResourceForm())


def page(form: ResourceForm) -> str:
    template = "plans/resources/_resources.html" if htmx.is_partial(request) else "plans/resources/index.html"
    reading = db.session()
    return render_template(
        template, resources=resources.listed_resources(reading), used_ids=resources.used_ids(reading), form=form
    )


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    form = ResourceForm.of_request()
    if not form.is_valid():
        return page(form), 422
    typed = form.name.data or "", form.unit.data or ""
    try:
        with transaction() as session:
            made = resources.create_resource(session, *typed, form.kind.data, staff_id=current_staff().id)
            name = made.name
    except Refusal as refusal:
        form.refuse(refusal)
        return page(form), 422
    return done(f"{name} is there. Plans can limit it now.")


@blueprint.get("/<id:resource_id>/edit")
@require_role("owner", "admin")
def edit(resource_id: int) -> str:
    resource = resource_or_404(resource_id)
    return edit_page(resource, ResourceForm(obj=resource))


@blueprint.post("/<id:resource_id>")
@require_role("owner", "admin")
def update(resource_id: int) -> ResponseReturnValue:
    resource = resource_or_404(resource_id)
    form = ResourceForm.of_request()
    typed = form.name.data or "", form.unit.data or ""
    try:
        with transaction() as session:
            resources.update_resource(session, resource_id, *typed, staff_id=current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return edit_page(resource, form), 422
    flash("The resource is saved.")
    return htmx.redirect(url_for("resources.index"))


@blueprint.post("/<id:resource_id>/hiding")
@require_role("owner", "admin")
def create_hiding(resource_id: int) -> ResponseReturnValue:
    return acted(
        lambda session: resources.hide_resource(session, resource_id, staff_id=current_staff().id).name, "is hidden"
    )


@blueprint.post("/<id:resource_id>/showing")
@require_role("owner", "admin")
def create_showing(resource_id: int) -> ResponseReturnValue:
    return acted(
        lambda session: resources.show_resource(session, resource_id, staff_id=current_staff().id).name, "is back"
    )


@blueprint.post("/<id:resource_id>/deletion")
@require_role("owner", "admin")
def create_deletion(resource_id: int) -> ResponseReturnValue:
    return acted(
        lambda session: resources.remove_resource(session, resource_id, staff_id=current_staff().id), "is deleted"
    )


def acted(act: Callable[[Session], str], words: str) -> ResponseReturnValue:
    """Run one action and show the updated list. `act` returns the name of the resource."""
    try:
        with transaction() as session:
            name = act(session)
    except Refusal as refusal:
        form = ResourceForm()
        form.refuse(refusal)
        return page(form), 422
    return done(f"{name} {words}.")


def done(words: str) -> ResponseReturnValue:
    if htmx.is_partial(request):
        return htmx.with_toast(page(ResourceForm()), "ok", words)
    flash(words)
    return htmx.redirect(url_for("resources.index"))


def resource_or_404(resource_id: int) -> Resource:
    resource = db.session().get(Resource, resource_id)
    if resource is None:
        abort(404, "This resource was deleted.")
    return resource


def edit_page(resource: Resource, form: ResourceForm) -> str:
    return render_template("plans/resources/edit.html", resource=resource, form=form)
