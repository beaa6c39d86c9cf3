"""A finding: its repair, and putting it aside until later."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, StringField

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.common.dates import day
from billingportal.domain.health import snoozes
from billingportal.domain.health.findings import runner
from billingportal.domain.health.findings.check import Surroundings
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.health.repairs.repairs import REPAIRS
from billingportal.errors import Refusal
from billingportal.models import HealthFinding
from billingportal.portal import current_portal
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("findings", __name__, url_prefix="/saas/health/findings")


class SnoozeForm(PortalForm):
    until = RadioField("Until", default="tomorrow", validate_choice=False)
    reason = StringField("Reason", render_kw={"maxlength": snoozes.LONGEST_REASON})


@blueprint.get("/<id:finding_id>/snooze")
@require_role("owner", "admin")
def new(finding_id: int) -> str:
    return snooze_page(finding_or_404(finding_id), SnoozeForm())


@blueprint.post("/<id:finding_id>/snooze")
@require_role("owner", "admin")
def create(finding_id: int) -> ResponseReturnValue:
    form = SnoozeForm.of_request()
    found = finding_or_404(finding_id)
    try:
        with transaction() as session:
            until, reason = form.until.data or "", form.reason.data or ""
            snoozes.snooze(session, finding_id, until, reason, staff_id=current_staff().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return snooze_page(found, form), 422
    return htmx.redirect(url_for("health.index"))


@blueprint.post("/<id:finding_id>/wake")
@require_role("owner", "admin")
def destroy(finding_id: int) -> ResponseReturnValue:
    with transaction() as session:
        snoozes.wake(session, finding_id, staff_id=current_staff().id)
    return htmx.redirect(url_for("health.index"))


@blueprint.post("/<id:finding_id>/repair")
@require_role("owner", "admin")
def update(finding_id: int) -> ResponseReturnValue:
    """Make the finding's repair, then have its check look again."""
    found = finding_or_404(finding_id)
    repair = REPAIRS.get(str(found.action.get("name")))
    arguments = found.action.get("arguments")
    if repair is None or not isinstance(arguments, dict):
        abort(409, "This finding has no repair. Look at the page that its button leads to.")
    staff_id, key = current_staff().id, found.key
    try:
        flash(repair.run(surroundings(), arguments, staff_id))
    except Refusal as refusal:
        abort(409, refusal.message)
    with transaction() as session:
        runner.request(session, [check for check in CHECKS if key in check.keys])
    return htmx.redirect(url_for("health.index"))


def surroundings() -> Surroundings:
    portal = current_portal()
    return Surroundings(transaction, portal.settings, portal.vault, portal.open_gateway)


def finding_or_404(finding_id: int) -> HealthFinding:
    found = db.session().get(HealthFinding, finding_id)
    if found is None or found.raised_at is None or found.gone_at is not None:
        abort(404)
    return found


def snooze_page(found: HealthFinding, form: SnoozeForm) -> str:
    if found.severity == "money":
        abort(409, "Findings about money can’t be snoozed.")
    ends: Callable[[snoozes.Until], datetime] = lambda until: snoozes.end_of(until, now())  # noqa: E731
    choices = [
        ("tomorrow", f"Tomorrow, {snoozes.MORNING:02}:00 UTC", ""),
        ("week", "In a week", day(ends("week"))),
        ("month", "In a month", day(ends("month"))),
    ]
    return render_template("health/snooze.html", finding=found, form=form, choices=choices)
