"""Audits: the card on the Health page, what an audit found, and starting one."""

from dataclasses import dataclass

from flask import Blueprint, abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.common import audit
from billingportal.domain.common.plurals import counted
from billingportal.domain.connection.processor_accounts import connected, shown
from billingportal.domain.health.audit import audits
from billingportal.domain.health.audit.outcome.report import Report, entries_of, report_of
from billingportal.domain.health.audit.progress import place_of
from billingportal.models import ProcessorAccount, StripeAudit
from billingportal.models.connection.processor_account import Mode
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx

blueprint = Blueprint("audits", __name__, url_prefix="/saas/health/audits")
# Entries on the page.
MOST = 200
STEPS = {
    "lists": "Reading Stripe’s lists",
    "events": "Applying Stripe’s events",
    "clients": "Working out what clients may use",
    "done": "Ending",
}


@dataclass(frozen=True)
class AuditCard:
    """The newest audit of a mode's account, None before the first. `step` says what it does while it runs."""

    report: Report | None
    step: str
    may_begin: bool

    @property
    def is_running(self) -> bool:
        return self.report is not None and self.report.audit.state == "running"


class Audits:
    """What templates may ask for, as `stripe_audits`."""

    @staticmethod
    def card(mode: Mode) -> AuditCard:
        session = db.session()
        account = connected(session, mode)
        newest = audits.latest_audit(session, account.id) if account is not None else None
        is_allowed = current_staff().role in ("owner", "admin")
        may_begin = is_allowed and account is not None and account.key_state == "working"
        if newest is None:
            return AuditCard(None, "", may_begin)
        return AuditCard(report_of(session, newest), step_of(newest), may_begin)


def step_of(found: StripeAudit) -> str:
    """What the audit does now, as in "Reading Stripe’s lists: customers, 1,200 rows so far"."""
    place = place_of(found)
    if place.problem:
        return f"It waits: {place.problem}"
    name = f": {place.list_name}" if place.list_name else ""
    return f"{STEPS[place.phase]}{name}"


@blueprint.app_context_processor
def variables() -> dict[str, object]:
    return {"stripe_audits": Audits}


@blueprint.get("/card")
def status() -> str:
    """The card alone, which asks for itself while an audit runs."""
    return render_template("health/_audit.html")


@blueprint.get("/<id:audit_id>")
def show(audit_id: int) -> str:
    session = db.session()
    found = audit_or_404(session, audit_id)
    entries = entries_of(session, found, MOST + 1)
    report = report_of(session, found)
    return render_template(
        "health/audit.html",
        report=report,
        entries=entries[:MOST],
        has_more=len(entries) > MOST,
        summary=summary_of(report),
    )


def summary_of(report: Report) -> str:
    """As in "4,847 rows read, 2 repaired, 1 reported."."""
    total = report.total
    return f"{counted(total.read, 'rows')} read, {total.repaired:,} repaired, {total.reported:,} reported."


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Have the worker audit the account now."""
    with transaction() as session:
        account = connected(session, g.mode)
        if account is None or account.key_state != "working":
            abort(409, "No Stripe account with a working key is connected.")
        audits.begin(session, account.id)
        record(session, account)
    if not htmx.is_partial(request):
        return htmx.redirect(url_for("health.index"))
    return render_template("health/_audit.html")


def record(session: Session, account: ProcessorAccount) -> None:
    act = audit.Act(
        "audit.requested",
        "Had every row compared with Stripe",
        staff_id=current_staff().id,
        processor_account_id=account.id,
    )
    audit.record_act(session, act)


def audit_or_404(session: Session, audit_id: int) -> StripeAudit:
    """The audit of the account that this mode shows."""
    found, account = session.get(StripeAudit, audit_id), shown(session, g.mode)
    if found is None or account is None or found.processor_account_id != account.id:
        abort(404)
    return found
