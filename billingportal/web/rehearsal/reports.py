"""A rehearsal's report to read and print, the check of a report, and the key with which reports are signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain.rehearsal.report import earlier, reports
from billingportal.domain.rehearsal.report.canonical import canonical
from billingportal.domain.rehearsal.report.envelope import Envelope
from billingportal.domain.rehearsal.report.places import leaves
from billingportal.domain.rehearsal.report.signing_key import key_words, own_keys
from billingportal.domain.rehearsal.report.verification import Verified, verify
from billingportal.models import Rehearsal
from billingportal.plain_json import JsonObject
from billingportal.web.rehearsal import headline as summary
from billingportal.web.rehearsal import view
from billingportal.web.rehearsal.rehearsals import blueprint as rehearsals_blueprint
from billingportal.web.rehearsal.rehearsals import rehearsal_or_404

blueprint = Blueprint("reports", __name__)
LARGEST_REPORT = 20 * 1024 * 1024
MOST_PLACES = 50


@rehearsals_blueprint.get("/<id:rehearsal_id>/report")
def report(rehearsal_id: int) -> str:
    """The report as it was signed, whatever the rows say by now."""
    session = db.session()
    row = rehearsal_or_404(session, rehearsal_id)
    found = reports.report_of(row)
    if found is None:
        abort(404)
    plans = view.plans_of(session, row, {})
    return render_template(
        "rehearsal/report.html",
        row=row,
        report=found.report,
        key=key_words(found.public_key),
        signature=found.signature,
        headline=summary.headline(row, plans),
        earlier=earlier.beside_earlier(session, row),
        results=view.RESULTS,
        looks=view.LOOKS,
    )


@blueprint.get("/saas/rehearsals/report-check")
def check() -> str:
    return check_page(None)


@blueprint.post("/saas/rehearsals/report-check")
def create() -> ResponseReturnValue:
    """Whether the file is as it was signed, and by whom. Nothing is stored."""
    request.max_content_length = LARGEST_REPORT
    file = request.files.get("report")
    try:
        text = file.read().decode() if file is not None else ""
    except UnicodeDecodeError:
        text = ""
    if not text:
        return check_page(Verified("unreadable", problem="Choose the JSON file of a report.")), 422
    found = verify(text, own_keys(db.session()))
    return check_page(found), 422 if found.verdict == "unreadable" else 200


@dataclass(frozen=True)
class Changed:
    """A place that differs. `signed` is known where this portal has the report itself."""

    place: str
    signed: str
    found: str


def check_page(found: Verified | None) -> str:
    return render_template(
        "rehearsal/report_check.html",
        found=found,
        key=key_words(found.public_key) if found is not None and found.public_key else "",
        changed=changed_places(found) if found is not None else (),
        report=found.envelope.report if found is not None and found.envelope is not None else {},
    )


def changed_places(found: Verified) -> Sequence[Changed]:
    if found.verdict != "changed" or found.envelope is None:
        return ()
    own = stored_report(found.envelope)
    signed, now = values_of(own.report if own is not None else {}), values_of(found.envelope.report)
    unknown = "not in this portal" if own is None else ""
    return [Changed(place, signed.get(place, unknown), now.get(place, "")) for place in found.places[:MOST_PLACES]]


def stored_report(found: Envelope) -> Envelope | None:
    """This portal's own copy of the report that the file says to be."""
    number = found.report.get("rehearsal")
    row = db.session().get(Rehearsal, number) if isinstance(number, int) else None
    return reports.report_of(row) if row is not None and row.public_key_id == found.public_key else None


def values_of(report: JsonObject) -> dict[str, str]:
    found = dict(leaves(report))
    return {place: value if isinstance(value, str) else canonical(value) for place, value in found.items()}


@blueprint.get("/settings/reports")
def show() -> str:
    """The public key, for whoever is handed a report."""
    keys = own_keys(db.session())
    return render_template("rehearsal/key.html", keys=cast("list[str]", [key_words(key) for key in keys]))
