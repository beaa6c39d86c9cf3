"""SaaS > Usage: all clients, and one resource."""

from datetime import date

from flask import Blueprint, Response, abort, g, render_template, request
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import db
from billingportal.domain.limit_notices import by_use, near
from billingportal.domain.limit_notices.near import Wanted
from billingportal.domain.plans import resources as plan_resources
from billingportal.domain.usage.history import overview as usage_overview
from billingportal.domain.usage.history.overview import Overview, ResourceUse
from billingportal.domain.usage.history.spans import Span
from billingportal.limits import page_number
from billingportal.models import Resource
from billingportal.models.plans.plan_quota import Reaction
from billingportal.web.common.rendering.periods import Period, percent_of, span_of_request, span_words, usual_periods
from billingportal.web.common.rendering.series import Series
from billingportal.web.common.rendering.usage_charts import Course, chart_words, usage_chart
from billingportal.web.usage.csv_file import csv_response
from billingportal.web.usage.reach import RULES, reach_of

blueprint = Blueprint("usage", __name__, url_prefix="/saas/usage")
REACTIONS: dict[str, Reaction] = {"block": "block", "warn": "warn", "bill": "bill"}


@blueprint.get("")
def index() -> str:
    today, session = now().date(), db.session()
    span, listed = span_of_request(today), plan_resources.visible_resources(session)
    found = usage_overview.overview(session, g.mode, listed, span, today)
    shown = shown_row(found)
    wanted = Wanted(
        resource_id_of(listed, request.args.get("resource")),
        reaction_of_request(),
        page_number(request.args.get("page", "")),
    )
    return render_template(
        "usage/index.html",
        found=found,
        near=near.near_limits(session, g.mode, wanted, today),
        near_counts=near.near_counts(session, g.mode),
        shown=shown,
        drawn=drawn(shown, span, today) if shown else None,
        **frame(span, today),
    )


@blueprint.get("/resources/<public:key>")
def show(key: str) -> str:
    today, session = now().date(), db.session()
    resource = resource_or_404(session, key)
    span = span_of_request(today)
    found = usage_overview.overview(session, g.mode, [resource], span, today)
    (row,) = found.rows
    return render_template(
        "usage/show.html",
        row=row,
        resource=resource,
        percent_of=percent_of,
        clients=by_use.clients_by_use(session, g.mode, resource.id, page_number(request.args.get("page", ""))),
        near=near.near_limits(session, g.mode, Wanted(resource.id), today),
        drawn=drawn(row, span, today),
        **frame(span, today),
    )


@blueprint.get("/export.csv")
def export() -> Response:
    """Each day of each resource over all clients."""
    today, session = now().date(), db.session()
    span = span_of_request(today)
    found = usage_overview.overview(session, g.mode, plan_resources.listed_resources(session), span, today)
    lines = [
        (day.isoformat(), row.resource.key, row.resource.name, str(used))
        for row in found.rows
        for day, used in zip(span, row.days, strict=True)
    ]
    return csv_response(f"usage-{g.mode}", ("Day (UTC)", "Resource", "Name", "Used"), lines)


@blueprint.get("/resources/<public:key>/export.csv")
def export_resource(key: str) -> Response:
    """What each client uses of the resource now, or in its current billing period."""
    session = db.session()
    resource = resource_or_404(session, key)
    lines = [
        (
            str(one.client.id),
            one.client.external_id or "",
            one.client.name,
            str(one.use.used),
            "" if one.use.quota is None else str(one.use.quota),
            one.row.period_starts_at.isoformat() if one.row.period_starts_at else "",
        )
        for one in by_use.all_clients(session, g.mode, resource.id)
    ]
    headings = ("Client", "External ID", "Name", "Used", "Limit", "Period began")
    return csv_response(f"usage-{resource.key}-{g.mode}", headings, lines)


def frame(span: Span, today: date) -> dict[str, object]:
    """What every page of usage shows about its days."""
    return {
        "span": span,
        "span_words": span_words(span),
        "chosen": Period("", span),
        "periods": usual_periods(today),
        "today": today,
        "reach_of": reach_of,
        "rules": RULES,
    }


def drawn(row: ResourceUse, span: Span, today: date) -> tuple[Series, str]:
    """The chart of a resource and its words. The pool of a current total is a line in it."""
    has_line = row.pool is not None and row.resource.kind == "gauge"
    course = Course(
        row.resource,
        span,
        row.days,
        today,
        row.pace,
        limit=row.pool.ceiling if row.pool and has_line else None,
        limit_words=f"Pool {row.pool.ceiling:,}" if row.pool and has_line else "",
    )
    return usage_chart(course), chart_words(course, "all clients")


def shown_row(found: Overview) -> ResourceUse | None:
    """The resource whose chart is shown: the chosen one, else the first that is used."""
    chosen = [row for row in found.rows if row.resource.key == request.args.get("shown")]
    return next(iter([*chosen, *(row for row in found.rows if row.used), *found.rows]), None)


def resource_id_of(listed: list[Resource], key: str | None) -> int | None:
    return next((resource.id for resource in listed if resource.key == key), None)


def reaction_of_request() -> Reaction | None:
    return REACTIONS.get(request.args.get("at_limit", ""))


def resource_or_404(session: Session, key: str) -> Resource:
    found = [one for one in plan_resources.listed_resources(session) if one.key == key]
    return found[0] if found else abort(404, "This resource was deleted.")
