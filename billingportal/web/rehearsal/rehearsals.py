"""SaaS > Rehearsal: choose plans and start, watch it, read what came of it, and the signed report."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.rehearsal import rehearsals
from billingportal.domain.rehearsal.report import changed_since, earlier
from billingportal.domain.rehearsal.report.changed_since import PlanRehearsed
from billingportal.domain.rehearsal.report.plan_snapshots import Change
from billingportal.errors import Conflict, Refusal
from billingportal.limits import whole_number
from billingportal.models import ProcessorAccount, Rehearsal, Resource, Staff
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.rehearsal import choices, view
from billingportal.web.rehearsal import headline as summary

blueprint = Blueprint("rehearsals", __name__, url_prefix="/saas/rehearsals")
MOST_EARLIER = 20


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The one that is under way, or the choice of plans; the history below."""
    account = connected(db.session(), "test")
    running = rehearsals.under_way(db.session(), account.id) if account is not None else None
    if running is not None and g.mode == "test":
        return htmx.redirect(url_for("rehearsals.show", rehearsal_id=running.id))
    return index_page(account)


def index_page(account: ProcessorAccount | None, refusal: str = "") -> str:
    session = db.session()
    plans = changed_since.changes_since(session, account.id) if account is not None else {}
    return render_template(
        "rehearsal/index.html",
        is_connected=account is not None,
        plans=choices.plan_choices(session, plans, request.form.getlist("plan") if refusal else None),
        resources=metered_resources(session, account.id) if account is not None else (),
        history=history(session, account.id) if account is not None else (),
        is_quick=request.form.get("depth") == "quick",
        refusal=refusal,
    )


def metered_resources(session: Session, account_id: int) -> Sequence[Resource]:
    """The resources whose use is billed, for amounts of one's own."""
    return choices.metered_resources(session, account_id)


@dataclass(frozen=True)
class Past:
    """A row of the history."""

    rehearsal: Rehearsal
    plans: str
    look: view.Look
    words: str


def history(session: Session, account_id: int) -> list[Past]:
    rows = session.scalars(
        select(Rehearsal)
        .where(Rehearsal.processor_account_id == account_id, Rehearsal.state.not_in(rehearsals.UNDER_WAY))
        .order_by(Rehearsal.id.desc())
        .limit(MOST_EARLIER)
    )
    return [past(session, row) for row in rows]


def past(session: Session, rehearsal: Rehearsal) -> Past:
    plans = view.plans_of(session, rehearsal, {})
    ended: view.Look = ("mute", "Canceled" if rehearsal.state == "canceled" else "Not finished", None)
    look = view.LOOKS[rehearsal.verdict] if rehearsal.verdict and rehearsal.state == "finished" else ended
    checks = [row for plan in plans for step in plan.steps for row in step.checks if row.get("result") != "left_out"]
    equal = sum(1 for row in checks if row.get("result") == "equal")
    return Past(rehearsal, ", ".join(plan.name for plan in plans), look, f"{equal:,} of {len(checks):,} equal")


@blueprint.post("")
@require_role("owner", "admin")
def create() -> ResponseReturnValue:
    """Queue a rehearsal; the worker plays it."""
    account = connected(db.session(), "test")
    if g.mode != "test" or account is None:
        abort(409, "Rehearsals run in test mode, with a connected account.")
    chosen = [number for one in request.form.getlist("plan") if (number := whole_number(one)) is not None]
    try:
        uses = choices.uses_of(request.form, metered_resources(db.session(), account.id))
        if not chosen:
            raise Refusal("plan", "Choose a plan to rehearse.")
        wanted = rehearsals.Wanted(chosen, request.form.get("depth") == "quick", uses)
        account_id, staff_id = account.id, current_staff().id
        with transaction() as session:
            rehearsal_id = rehearsals.start(session, account_id, wanted, staff_id=staff_id).id
    except Refusal as refusal:
        return index_page(connected(db.session(), "test"), refusal.message), 422
    except Conflict as conflict:
        flash(str(conflict))
        return htmx.redirect(url_for("rehearsals.index"))
    return htmx.redirect(url_for("rehearsals.show", rehearsal_id=rehearsal_id))


@blueprint.get("/<id:rehearsal_id>")
def show(rehearsal_id: int) -> str:
    """Live while it runs: the page polls the same address."""
    session = db.session()
    row = rehearsal_or_404(session, rehearsal_id)
    is_running = row.state in rehearsals.UNDER_WAY
    plans = view.plans_of(session, row, {} if is_running else changes_of(session, row))
    return render_template(
        "rehearsal/_running.html" if htmx.is_partial(request) and is_running else "rehearsal/show.html",
        row=row,
        plans=plans,
        is_running=is_running,
        progress=summary.progress(row, plans),
        headline=summary.headline(row, plans),
        difference=summary.first_difference(plans),
        earlier=None if is_running else earlier.beside_earlier(session, row),
        starter=starter(session, row),
        took=summary.ended_words(row, row.ended_at or now()),
        delivered=summary.delivered(row),
    )


@blueprint.post("/<id:rehearsal_id>/cancellation")
@require_role("owner", "admin")
def destroy(rehearsal_id: int) -> ResponseReturnValue:
    """Cancel it: the worker deletes the clocks at Stripe."""
    rehearsal_or_404(db.session(), rehearsal_id)
    staff_id = current_staff().id
    with transaction() as session:
        rehearsals.cancel(session, rehearsal_id, staff_id=staff_id)
    return htmx.redirect(url_for("rehearsals.show", rehearsal_id=rehearsal_id))


def rehearsal_or_404(session: Session, rehearsal_id: int) -> Rehearsal:
    session.rollback()
    row = session.get(Rehearsal, rehearsal_id)
    return row if row is not None else abort(404)


def starter(session: Session, row: Rehearsal) -> str:
    staff = session.get(Staff, row.staff_id) if row.staff_id is not None else None
    return staff.name if staff is not None else "the command line"


def changes_of(session: Session, row: Rehearsal) -> dict[int, Sequence[Change]]:
    """What changed since this rehearsal, where it is the last that passed for a plan."""
    plans: dict[int, PlanRehearsed] = changed_since.changes_since(session, row.processor_account_id)
    return {
        plan.plan_id: plan.changes
        for plan in plans.values()
        if plan.passed is not None and plan.passed.rehearsal_id == row.id
    }


@blueprint.get("/<id:rehearsal_id>/report.json")
def download(rehearsal_id: int) -> Response:
    """The signed report as a file."""
    row = rehearsal_or_404(db.session(), rehearsal_id)
    if row.report is None:
        abort(404)
    answer = Response(row.report, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="rehearsal-{row.id}.json"'
    return answer
