"""What the page of a client's usage shows, for the client and for staff: its chart and its choices."""

from dataclasses import dataclass
from datetime import date

from flask import request

from billingportal.db import db
from billingportal.domain.client_portal.usage_page import UsagePage, usage_page
from billingportal.models import Client
from billingportal.web.common.rendering.periods import day_words
from billingportal.web.common.rendering.series import Series
from billingportal.web.common.rendering.usage_charts import Course, chart_words, usage_chart


@dataclass(frozen=True)
class ShownUsage:
    """`periods` are words, the start that chooses the period, and whether it is the current one."""

    page: UsagePage
    chart: Series | None
    chart_words: str
    periods: list[tuple[str, date, bool]]


def shown_usage(client: Client, whose: str) -> ShownUsage:
    """The page that the request's address asks for. `whose` names the client in the words of the chart."""
    page = usage_page(db.session(), client, start_of_request(), request.args.get("resource"))
    periods = [
        (f"{day_words(one.first)} to {day_words(one.ends_on)}", one.first, one == page.period) for one in page.periods
    ]
    course = course_of(page)
    if course is None:
        return ShownUsage(page, None, "", periods)
    return ShownUsage(page, usage_chart(course), chart_words(course, whose), periods)


def course_of(page: UsagePage) -> Course | None:
    line = page.shown
    if line is None or page.is_empty:
        return None
    has_line = line.resource.kind == "gauge" and line.quota is not None
    return Course(
        line.resource,
        page.span,
        page.days,
        page.today,
        page.pace,
        page.extra,
        line.quota if has_line else None,
        f"Limit {line.quota:,}" if has_line else "",
        "Billed extra" if any(page.extra) else "",
    )


def start_of_request() -> date | None:
    try:
        return date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return None
