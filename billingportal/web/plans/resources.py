"""Settings > Resources: the resources that plans count and limit."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.plans import resource_warnings, resources
from billingportal.domain.usage.limits import pool_settings, pool_state
from billingportal.errors import Refusal
from billingportal.models import Resource
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.plans.resource_form import MODES, ResourceForm, ResourceSettingsForm

blueprint = Blueprint("resources", __name__, url_prefix="/settings/resources")


@blueprint.get("")
def index() -> str:
    return page(ResourceForm())


def page(form: ResourceForm) -> str:
    template = "plans/resources/_resources.html" if htmx.is_partial(request) else "plans/resources/index.html"
    reading = db.session()
    return render_template(
        template,
        resources=resources.listed_resources(reading),
        used_ids=resources.used_ids(reading),
        pools=pool_state.ceilings(reading, g.mode),
        form=form,
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
    return edit_page(resource, ResourceSettingsForm.of_resource(db.session(), resource))


@blueprint.post("/<id:resource_id>")
@require_role("owner", "admin")
def update(resource_id: int) -> ResponseReturnValue:
    resource = resource_or_404(resource_id)
    form = ResourceSettingsForm.of_request()
    form.describe(db.session(), resource)
    try:
        with transaction() as session:
            save(session, resource_id, form)
    except Refusal as refusal:
        form.refuse(refusal)
        return edit_page(resource, form), 422
    flash("The resource is saved.")
    return htmx.redirect(url_for("resources.index"))


def save(session: Session, resource_id: int, form: ResourceSettingsForm) -> None:
    """Save all that was typed, or nothing. Raises Refusal."""
    staff_id = current_staff().id
    resources.update_resource(session, resource_id, form.name.data or "", form.unit.data or "", staff_id=staff_id)
    resource_warnings.change_warnings(session, resource_id, form.warnings, staff_id=staff_id)
    for mode in MODES:
        pool_settings.set_pool(session, mode, resource_id, form.ceiling(mode), staff_id)


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


def edit_page(resource: Resource, form: ResourceSettingsForm) -> str:
    limits = resource_warnings.limits_in_plans(db.session(), resource.id)
    return render_template("plans/resources/edit.html", resource=resource, form=form, limits=limits)
