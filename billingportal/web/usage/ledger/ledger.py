"""SaaS > Usage > Billing ledger: the differences, the meters, and each day of each client."""

from datetime import date

from flask import Blueprint, Response, abort, g, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import db
from billingportal.domain.common.lists.paging import PAGE, Page, offset_of, page_within
from billingportal.domain.metering.explained.day_invoices import invoice_of_day
from billingportal.domain.metering.ledger import listing
from billingportal.domain.metering.ledger.asks import siblings
from billingportal.domain.metering.ledger.differences import describe
from billingportal.domain.metering.ledger.keys import Scope, find_keys
from billingportal.domain.metering.ledger.listing import LedgerDay
from billingportal.limits import page_number
from billingportal.models import ClientMeter, MeterEvent
from billingportal.web.auth.session import current_staff
from billingportal.web.common import htmx
from billingportal.web.common.urls import in_dashboard
from billingportal.web.usage.csv_file import csv_response
from billingportal.web.usage.ledger.cases import case_of
from billingportal.web.usage.ledger.days import short_day
from billingportal.web.usage.ledger.page import account_ids, ledger_of_request, more_than
from billingportal.web.usage.ledger.statuses import event_status, result_of, sum_status

blueprint = Blueprint("ledger", __name__, url_prefix="/saas/usage/ledger")
EDITORS = ("owner", "admin")
HEADINGS = (
    "Day (UTC)",
    "Client",
    "External ID",
    "Name",
    "Meter",
    "Counted here",
    "Sent",
    "Rejected",
    "Waiting",
    "At Stripe",
    "Result",
)


@blueprint.get("")
def index() -> str:
    return ledger_page()


def ledger_page() -> str:
    """The ledger alone for htmx, else the whole page."""
    return render_template(
        "usage/ledger/_ledger.html" if htmx.is_partial(request) else "usage/ledger/index.html",
        ledger=ledger_of_request(db.session()),
        **frame(),
    )


def frame() -> dict[str, object]:
    """What every page of the ledger shows its rows with."""
    return {
        "may_change": current_staff().role in EDITORS,
        "result_of": result_of,
        "sum_status": sum_status,
        "event_status": event_status,
        "day_words": short_day,
        "more_than": more_than,
        "most_rows": listing.MOST_ROWS,
        "dashboard": lambda path: in_dashboard(g.mode, path),
    }


@blueprint.get("/export.csv")
def export() -> Response:
    """The days that the filters of the page choose."""
    session = db.session()
    wanted = ledger_of_request(session).wanted
    return csv_response(f"ledger-{g.mode}", HEADINGS, map(csv_line, listing.all_days(session, wanted)))


def csv_line(day: LedgerDay) -> tuple[str, ...]:
    client = day.owner.client
    numbers = (day.counted, day.sent, day.rejected, day.waiting, "" if day.at_stripe is None else day.at_stripe)
    return (
        day.day.isoformat(),
        str(client.id),
        client.external_id or "",
        client.name,
        day.owner.meter.event_name,
        *map(str, numbers),
        result_of(day).words,
    )


@blueprint.get("/<id:row_id>/<public:day>")
def show(row_id: int, day: str) -> str:
    """The meter events of one client, meter and day."""
    session = db.session()
    row, on = row_or_404(session, row_id), day_or_404(day)
    ids = tuple(one.id for one in siblings(session, row))
    scope = Scope(account_ids(session), client_meter_ids=ids, day=on)
    found = listing.one_day(session, ids, on) or abort(404, "Nothing is known of this day.")
    cases = [case_of(session, one, now()) for one in describe(session, find_keys(session, scope), now())]
    return render_template(
        "usage/ledger/show.html",
        day=found,
        row=row,
        cases=cases,
        events=events_page(session, ids, on),
        invoice=invoice_of_day(session, row, on),
        **frame(),
    )


def events_page(session: Session, ids: tuple[int, ...], day: date) -> Page[MeterEvent]:
    """The events of the day in the order of their times, in pages."""
    mine = select(MeterEvent).where(MeterEvent.client_meter_id.in_(ids), MeterEvent.day == day)
    of = listing.count(session, mine)
    page = page_within(page_number(request.args.get("page", "")), of)
    rows = session.scalars(mine.order_by(MeterEvent.at, MeterEvent.id).offset(offset_of(page)).limit(PAGE)).all()
    return Page(rows, page, of)


def row_or_404(session: Session, row_id: int) -> ClientMeter:
    row = session.get(ClientMeter, row_id)
    if row is None or row.processor_account_id not in account_ids(session):
        abort(404, f"There is no such client and meter in {g.mode} mode.")
    return row


def day_or_404(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404, "There is no such day.")
