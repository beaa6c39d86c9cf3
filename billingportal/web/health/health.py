"""SaaS > Health: whether everything here agrees with Stripe."""

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.health.findings import runner
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.web.auth.session import require_role
from billingportal.web.common import htmx
from billingportal.web.common.navigation import current_agreement
from billingportal.web.health.view import Health, health

blueprint = Blueprint("health", __name__, url_prefix="/saas/health")


def shown() -> Health:
    session = db.session()
    session.rollback()
    return health(session, g.mode, current_agreement(g.mode))


@blueprint.get("")
def index() -> str:
    return render_template("health/index.html", health=shown())


@blueprint.get("/status")
def status() -> str:
    """What a poll gets: the verdict alone, or the whole page's content when anything else has changed."""
    found = shown()
    is_same = request.args.get("seen") == found.fingerprint
    return render_template("health/_verdict_part.html" if is_same else "health/_health.html", health=found)


@blueprint.post("/checks")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Check now: have the worker run every check, or those that may find one key."""
    key = request.form.get("key")
    with transaction() as session:
        runner.request(session, [check for check in CHECKS if key is None or key in check.keys])
    if not htmx.is_partial(request):
        return htmx.redirect(url_for("health.index"))
    return render_template("health/_health.html", health=shown())
