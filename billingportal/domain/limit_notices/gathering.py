"""Gathers the facts of a client's limits, for its notices and emails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.limit_notices.facts import LimitFacts
from billingportal.domain.limit_notices.uses import ClientUse
from billingportal.domain.prices.pricing import Terms
from billingportal.domain.subscriptions import client_clock, estimates
from billingportal.domain.subscriptions.usage_prices import usage_terms
from billingportal.domain.usage.history.client_days import client_days
from billingportal.domain.usage.history.projection import Course, Projection, days_before, known, project
from billingportal.models import Client, Entitlement
from billingportal.models.usage.limit_notice import LimitStage


@dataclass(frozen=True)
class Reached:
    """A stage that a row's use is at, and since when it is known."""

    one: ClientUse
    stage: LimitStage
    noticed_at: datetime | None


@dataclass(frozen=True)
class Around:
    """What all limits of a client share. `days` are those before `moment`, of resources that may be projected."""

    moment: datetime
    entitlement: Entitlement | None
    terms: dict[int, Terms]
    days: dict[int, list[int]]


def gather(session: Session, client: Client, reached: Sequence[Reached]) -> list[LimitFacts]:
    """The facts of each stage. The number of queries does not depend on how many there are."""
    if not reached:
        return []
    around = around_of(session, client, reached)
    return [facts_of(around, one) for one in reached]


def around_of(session: Session, client: Client, reached: Sequence[Reached]) -> Around:
    held = session.scalar(select(Entitlement).where(Entitlement.client_id == client.id))
    moment = client_clock.moment_of(session, client)
    bills = any(one.one.use.reaction == "bill" for one in reached)
    found = estimates.subscriptions_of(session, [held] if held and bills else [])
    projected = [one.one.resource for one in reached if one.stage == "warning"]
    return Around(
        moment,
        held,
        usage_terms(session, next(iter(found.values()), None)),
        client_days(session, client.id, projected, days_before(moment.date())) if projected else {},
    )


def facts_of(around: Around, reached: Reached) -> LimitFacts:
    one, held = reached.one, around.entitlement
    ends_at = one.row.period_ends_at
    return LimitFacts(
        stage=reached.stage,
        use=one.use,
        resource=one.resource,
        plan_name=held.plan.name if held and held.plan else "",
        terms=around.terms.get(one.resource.id),
        projection=projection_of(around, one) if reached.stage == "warning" else None,
        ends_on=ends_at.date() if ends_at else None,
        renews_on=held.renews_at.date() if held and held.renews_at else None,
        noticed_at=reached.noticed_at,
    )


def projection_of(around: Around, one: ClientUse) -> Projection | None:
    days = known(around.days.get(one.resource.id, []))
    if one.use.quota is None:
        return None
    ends_at = one.row.period_ends_at
    today = around.moment.date()
    return project(
        Course(one.resource.kind, days, one.use.used, today, ends_at.date() if ends_at else None), one.use.quota
    )
