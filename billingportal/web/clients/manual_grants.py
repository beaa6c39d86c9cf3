"""Plans and quotas that staff grant to a client, and end."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Optional

from billingportal.db import db, transaction
from billingportal.domain.clients import comps, quota_overrides
from billingportal.domain.plans import plans, resources
from billingportal.errors import Refusal
from billingportal.limits import LARGEST_BIG_ID, whole_number
from billingportal.models import Client
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients.form import ReasonForm
from billingportal.web.clients.page import held_of_client
from billingportal.web.clients.steps import acted, client_or_404, done

blueprint = Blueprint("given_by_hand", __name__, url_prefix="/saas/clients/<id:client_id>")


class ByHandForm(ReasonForm):
    expires_on = DateField(
        "Last day", description="It ends with this day, UTC. Empty: until somebody ends it.", validators=[Optional()]
    )


class CompForm(ByHandForm):
    plan = SelectField("Plan", validate_choice=False)


class OverrideForm(ByHandForm):
    resource = SelectField("Resource", validate_choice=False)
    quota = StringField("Quota", description="A whole number. Empty: unlimited.")


@blueprint.get("/comp")
@require_role("owner", "admin")
def new_comp(client_id: int) -> str:
    return comp_page(client_or_404(client_id), CompForm())


@blueprint.post("/comp")
@require_role("owner", "admin")
def create_comp(client_id: int) -> ResponseReturnValue:
    client = client_or_404(client_id)
    form = CompForm.of_request()
    staff_id, plan_id = current_staff().id, whole_number(form.plan.data or "")
    if not form.is_valid():
        return comp_page(client, form), 422
    try:
        with transaction() as session:
            comps.grant_plan(
                session, client_id, plan_id, form.reason.data or "", form.expires_on.data, staff_id=staff_id
            )
    except Refusal as refusal:
        form.refuse(refusal)
        return comp_page(client_or_404(client_id), form), 422
    return done(client_id, "has the plan now.")


@blueprint.post("/comp/ending")
@require_role("owner", "admin")
def create_comp_ending(client_id: int) -> ResponseReturnValue:
    staff_id = current_staff().id
    return acted(
        client_id,
        lambda session: comps.end_comp(session, client_id, staff_id=staff_id),
        "has what it has without the plan given by hand.",
    )


def comp_page(client: Client, form: CompForm) -> str:
    reading = db.session()
    form.plan.choices = [("", "Choose a plan"), *((str(plan.id), plan.name) for plan in plans.listed_plans(reading))]
    return render_template(
        "clients/actions/comp.html",
        client=client,
        form=form,
        present=comps.running_comp(reading, client),
        held=held_of_client(reading, client),
    )


@blueprint.get("/quota-overrides")
@require_role("owner", "admin")
def new_override(client_id: int) -> str:
    form = OverrideForm(data={"resource": request.args.get("resource", "")})
    return override_page(client_or_404(client_id), form)


@blueprint.post("/quota-overrides")
@require_role("owner", "admin")
def create_override(client_id: int) -> ResponseReturnValue:
    client = client_or_404(client_id)
    form = OverrideForm.of_request()
    if not form.is_valid():
        return override_page(client, form), 422
    try:
        with transaction() as session:
            give_override(session, client_id, form, current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return override_page(client_or_404(client_id), form), 422
    return done(client_id, "has the quota now.")


def give_override(session: Session, client_id: int, form: OverrideForm, staff_id: int) -> None:
    quota_overrides.grant_quota(
        session,
        client_id,
        whole_number(form.resource.data or ""),
        quota_of(form.quota.data or ""),
        form.reason.data or "",
        form.expires_on.data,
        staff_id=staff_id,
    )


def quota_of(text: str) -> int | None:
    """The typed quota, with or without separators; None for unlimited. Raises Refusal."""
    digits = "".join(text.split()).replace(",", "")
    if not digits:
        return None
    quota = whole_number(digits, LARGEST_BIG_ID)
    if quota is None:
        raise Refusal("quota", "Enter a whole number, 0 or more, or nothing for unlimited.")
    return quota


@blueprint.post("/quota-overrides/<id:resource_id>/ending")
@require_role("owner", "admin")
def create_override_ending(client_id: int, resource_id: int) -> ResponseReturnValue:
    staff_id = current_staff().id
    return acted(
        client_id,
        lambda session: quota_overrides.end_override(session, client_id, resource_id, staff_id=staff_id),
        "has the quota of its plan again.",
    )


def override_page(client: Client, form: OverrideForm) -> str:
    reading = db.session()
    shown = resources.visible_resources(reading)
    form.resource.choices = [("", "Choose a resource"), *((str(one.id), one.name) for one in shown)]
    present = quota_overrides.running_overrides(reading, client)
    return render_template("clients/actions/override.html", client=client, form=form, present=present)
