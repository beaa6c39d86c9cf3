"""What a client uses in one billing period: the page of its usage, for itself and for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.client_portal import usage_lines
from billingportal.domain.client_portal.usage_lines import UsageLine
from billingportal.domain.limit_notices.uses import ClientUse, uses
from billingportal.domain.plans.resources import visible_resources
from billingportal.domain.subscriptions import client_clock, estimates
from billingportal.domain.subscriptions.usage_prices import usage_terms
from billingportal.domain.usage.history import workspaces
from billingportal.domain.usage.history.client_days import client_days
from billingportal.domain.usage.history.periods import ClientPeriod, periods_of
from billingportal.domain.usage.history.projection import Course, days_before, known, pace
from billingportal.domain.usage.history.spans import Span
from billingportal.domain.usage.history.workspaces import ByWorkspace
from billingportal.models import Client, ClientUsage, Entitlement, Resource, UsageTotal


@dataclass(frozen=True)
class UsagePage:
    """`periods` are the newest first. `shown` is the resource whose days and workspaces are shown; `extra` is the part
    of its days that is billed. `renews_on`: when extra use is paid."""

    client: Client
    plan_name: str
    periods: Sequence[ClientPeriod]
    period: ClientPeriod
    lines: Sequence[UsageLine]
    shown: UsageLine | None
    span: Span
    days: Sequence[int]
    extra: Sequence[int]
    by_workspace: ByWorkspace | None
    today: date
    renews_on: date | None

    @property
    def is_current(self) -> bool:
        return self.period == self.periods[0]

    @property
    def pace(self) -> Fraction | None:
        """Units a day of the resource shown, by the whole days of this period; None while they are too few."""
        if self.shown is None or not self.is_current:
            return None
        days = known(self.days[:-1])
        return pace(Course(self.shown.resource.kind, days, self.shown.used, self.today))

    @property
    def is_empty(self) -> bool:
        return not any(line.used for line in self.lines)

    @property
    def capped(self) -> list[UsageLine]:
        """The resources that a spending cap may be set on."""
        return [line for line in self.lines if line.reaction == "bill"]


def usage_page(session: Session, client: Client, start: date | None, key: str | None) -> UsagePage:
    """The page of the period that begins on `start`, or of the current one; `key` chooses the resource shown.

    The number of queries does not depend on how many resources, workspaces or periods there are.
    """
    moment = client_clock.moment_of(session, client)
    held = session.scalar(select(Entitlement).where(Entitlement.client_id == client.id))
    periods = periods_of(session, client.id, moment)
    period = next((one for one in periods if one.first == start), periods[0])
    span = period.span(moment.date())
    lines = lines_of(session, client, held, period if period != periods[0] else None, moment)
    shown = shown_line(lines, key)
    days = client_days(session, client.id, [shown.resource], span)[shown.resource.id] if shown else []
    return UsagePage(
        client,
        held.plan.name if held and held.plan else "",
        periods,
        period,
        lines,
        shown,
        span,
        days,
        usage_lines.billed_days(days, shown) if shown else [],
        workspaces.by_workspace(session, client.id, shown.resource, span) if shown else None,
        moment.date(),
        held.renews_at.date() if held and held.renews_at else None,
    )


def lines_of(
    session: Session, client: Client, held: Entitlement | None, past: ClientPeriod | None, moment: datetime
) -> list[UsageLine]:
    """A line for each resource: what is used against its limits, or what was used in an earlier period."""
    resources = visible_resources(session)
    if past is not None:
        return [usage_lines.past_line(one, used) for one, used in past_uses(session, client, resources, past)]
    rows = select(ClientUsage).where(ClientUsage.client_id == client.id)
    used = {one.resource.id: one for one in uses(session, rows)}
    quotas = {quota.resource_id: quota for quota in held.quotas} if held else {}
    found = estimates.subscriptions_of(session, [held] if held else [])
    terms = usage_terms(session, next(iter(found.values()), None))
    today = moment.date()
    days = client_days(session, client.id, near_limits(list(used.values())), days_before(today))
    return [
        usage_lines.current_line(
            one, used.get(one.id), quotas.get(one.id), terms.get(one.id), known(days.get(one.id, [])), today
        )
        for one in resources
        if one.id in used or one.id in quotas
    ]


def near_limits(used: Sequence[ClientUse]) -> list[Resource]:
    """The resources whose course says when a limit is reached."""
    return [one.resource for one in used if usage_lines.is_projected(one)]


def past_uses(
    session: Session, client: Client, resources: Sequence[Resource], past: ClientPeriod
) -> list[tuple[Resource, int]]:
    totals = select(UsageTotal.resource_id, UsageTotal.used).where(
        UsageTotal.client_id == client.id, UsageTotal.period_starts_at == past.starts_at
    )
    used = {row.resource_id: row.used for row in session.execute(totals)}
    gauges = [one for one in resources if one.kind == "gauge"]
    last = past.ends_on - timedelta(days=1)
    levels = client_days(session, client.id, gauges, Span(last, last)) if gauges else {}
    used |= {resource_id: days[0] for resource_id, days in levels.items()}
    return [(one, used[one.id]) for one in resources if used.get(one.id)]


def shown_line(lines: Sequence[UsageLine], key: str | None) -> UsageLine | None:
    """The chosen resource, else the first that is billed and used, else the first that is used."""
    chosen = [line for line in lines if line.resource.key == key]
    billed = [line for line in lines if line.used and line.reaction == "bill"]
    used = [line for line in lines if line.used]
    return next(iter([*chosen, *billed, *used, *lines]), None)
