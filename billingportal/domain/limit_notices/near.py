"""The clients that use most of a limit, with the day on which they reach it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billingportal.domain.common.lists.paging import PAGE, Page, offset_of, page_within
from billingportal.domain.limit_notices.stages import Use
from billingportal.domain.limit_notices.uses import ClientUse, Open, open_notices, uses
from billingportal.domain.usage.history.client_days import days_of
from billingportal.domain.usage.history.projection import Course, Projection, days_before, known, project
from billingportal.models import Client, ClientUsage, EntitledQuota, Entitlement, Plan
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.plan_quota import Reaction

NEAR = 80


@dataclass(frozen=True)
class Wanted:
    """What a page of the list shows. None: all of them."""

    resource_id: int | None = None
    reaction: Reaction | None = None
    page: int = 1


@dataclass(frozen=True)
class NearLimit:
    """A client near, at or over a limit. `reaches` is about the limit, `reaches_cap` about its own spending cap.

    `since`: when it was noticed that the client is where it is.
    """

    one: ClientUse
    plan_name: str
    percent: int
    reaches: Projection
    reaches_cap: Projection | None
    since: datetime | None

    @property
    def use(self) -> Use:
        return self.one.use

    @property
    def quota(self) -> int:
        return self.one.use.quota or 0


def near_limits(session: Session, mode: Mode, wanted: Wanted, today: date) -> Page[NearLimit]:
    """One page of the clients that use NEAR per cent of a limit or more, those furthest over it first.

    They are found by an index of the worker's last look at them, which is some seconds old.
    """
    chosen = chosen_rows(mode, wanted)
    of = session.scalar(select(func.count()).select_from(chosen.order_by(None).subquery())) or 0
    page = page_within(wanted.page, of)
    ordered = chosen.order_by(ClientUsage.limit_percent.desc(), ClientUsage.id)
    found = uses(session, ordered.limit(PAGE).offset(offset_of(page)))
    return Page(listed(session, found, today), page, of)


def chosen_rows(mode: Mode, wanted: Wanted) -> Select[ClientUsage]:
    """The ids come from a query of their own: the rows are joined with their clients again when they are read."""
    ids = (
        select(ClientUsage.id)
        .join(Client, Client.id == ClientUsage.client_id)
        .where(ClientUsage.limit_percent >= NEAR, Client.mode == mode, Client.archived_at.is_(None))
    )
    if wanted.resource_id is not None:
        ids = ids.where(ClientUsage.resource_id == wanted.resource_id)
    if wanted.reaction is not None:
        ids = ids.join(
            EntitledQuota,
            (EntitledQuota.client_id == ClientUsage.client_id) & (EntitledQuota.resource_id == ClientUsage.resource_id),
        ).where(EntitledQuota.reaction == wanted.reaction)
    return select(ClientUsage).where(ClientUsage.id.in_(ids))


def listed(session: Session, found: Sequence[ClientUse], today: date) -> list[NearLimit]:
    """The rows with their plans and projections. The number of queries does not depend on how many there are."""
    client_ids = {one.client.id for one in found}
    resources = {one.resource.id: one.resource for one in found}
    days = days_of(session, client_ids, resources.values(), days_before(today)) if found else {}
    notices = open_notices(session, client_ids)
    plans = plan_names(session, client_ids)
    return [
        NearLimit(
            one,
            plans.get(one.client.id, ""),
            one.row.limit_percent,
            projected(one, days[one.client.id, one.resource.id], one.use.quota or 0, today),
            projected(one, days[one.client.id, one.resource.id], one.use.cap, today)
            if one.use.cap is not None and one.use.reaction == "bill"
            else None,
            since(one, notices),
        )
        for one in found
    ]


def projected(one: ClientUse, days: Sequence[int], limit: int, today: date) -> Projection:
    ends_at = one.row.period_ends_at
    course = Course(one.resource.kind, known(days), one.use.used, today, ends_at.date() if ends_at else None)
    return project(course, limit)


def since(one: ClientUse, notices: Open) -> datetime | None:
    """When the gravest stage that still holds was noticed."""
    mine = notices.get((one.client.id, one.resource.id), [])
    current = [notice for notice in mine if notice.period_starts_at == one.row.period_starts_at]
    stage = "exceeded" if one.use.used > (one.use.quota or 0) else "reached"
    return next((notice.noticed_at for notice in current if notice.stage == stage), None)


def plan_names(session: Session, client_ids: set[int]) -> dict[int, str]:
    rows = session.execute(
        select(Entitlement.client_id, Plan.name)
        .join(Plan, Plan.id == Entitlement.plan_id)
        .where(Entitlement.client_id.in_(client_ids))
    )
    return {row.client_id: row.name for row in rows}


def near_counts(session: Session, mode: Mode) -> dict[int, int]:
    """How many clients are near or over the limit of each resource."""
    rows = session.execute(
        select(ClientUsage.resource_id, func.count())
        .join(Client, Client.id == ClientUsage.client_id)
        .where(ClientUsage.limit_percent >= NEAR, Client.mode == mode, Client.archived_at.is_(None))
        .group_by(ClientUsage.resource_id)
    )
    return {resource_id: int(count) for resource_id, count in rows}
