"""What was counted: the days or periods of a client."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.api.ids import ClientText, WorkspaceText
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.lists import PageQuery, cut, page_of
from billingportal.api.kernel.operation import Output, operation
from billingportal.api.kernel.types import ResourceKey
from billingportal.api.usage_filters import filters, workspace_of
from billingportal.models import Resource, UsageDay, UsageTotal

SINCE = Field(alias="from", description="The first day, in UTC.", examples=["2026-11-01"])
UNTIL = Field(alias="to", description="The last day, in UTC.", examples=["2026-11-30"])


class UsageQuery(PageQuery):
    """Whose use, of what, when. `group`: by UTC day and workspace, or by billing period (counters only)."""

    client: ClientText
    workspace: WorkspaceText | None = None
    resource: ResourceKey | None = None
    since: Annotated[date | None, SINCE] = None
    until: Annotated[date | None, UNTIL] = None
    group: Literal["day", "period"] = "day"


class PeriodAnswer(Output):
    """From `start` up to `end`, which is the start of the next."""

    start: datetime
    end: datetime


class UsageLine(Output):
    """What was used on a day or in a period. `workspace` is null for a whole client.

    Of a counter the sum; of a gauge the last level that was reported on the day.
    """

    resource: ResourceKey
    workspace: Annotated[str | None, Field(examples=["ws_7"])]
    day: date | None
    period: PeriodAnswer | None
    used: int


class UsageList(Output):
    """One page. `next` is the `after` of the next page."""

    data: list[UsageLine]
    next: str | None


@operation(
    "GET",
    "/usage",
    scope="read",
    summary="List what was used",
    answers={200: UsageList},
    problems=("client_not_found", "workspace_not_found", "resource_not_found"),
)
def list_usage(call: Call, session: Session, query: UsageQuery) -> Answer:
    """What a client used by day or by period, kept for good. Periods have no workspaces."""
    return by_period(call, session, query) if query.group == "period" else by_day(call, session, query)


def by_day(call: Call, session: Session, query: UsageQuery) -> Answer:
    wanted = [*filters(call, session, query, UsageDay)]
    if query.since is not None:
        wanted.append(UsageDay.day >= query.since)
    if query.until is not None:
        wanted.append(UsageDay.day <= query.until)
    rows = session.execute(
        page_of(
            select(UsageDay, Resource.key).join(Resource, Resource.id == UsageDay.resource_id).where(*wanted),
            UsageDay.id,
            query,
        )
    ).all()
    shown, following = cut(rows, query, lambda row: row[0].id)
    lines = [
        UsageLine(resource=key, workspace=workspace_of(day.workspace_id), day=day.day, period=None, used=day.used)
        for day, key in shown
    ]
    return Answer(200, UsageList(data=lines, next=following))


def by_period(call: Call, session: Session, query: UsageQuery) -> Answer:
    wanted = [*filters(call, session, query, UsageTotal)]
    if query.since is not None:
        wanted.append(UsageTotal.period_ends_at > datetime.combine(query.since, time(), UTC))
    if query.until is not None:
        wanted.append(UsageTotal.period_starts_at <= datetime.combine(query.until, time.max, UTC))
    rows = session.execute(
        page_of(
            select(UsageTotal, Resource.key).join(Resource, Resource.id == UsageTotal.resource_id).where(*wanted),
            UsageTotal.id,
            query,
        )
    ).all()
    shown, following = cut(rows, query, lambda row: row[0].id)
    lines = [
        UsageLine(
            resource=key,
            workspace=None,
            day=None,
            period=PeriodAnswer(start=total.period_starts_at, end=total.period_ends_at),
            used=total.used,
        )
        for total, key in shown
    ]
    return Answer(200, UsageList(data=lines, next=following))
